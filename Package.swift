// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "pex",
  products: [],
  dependencies: [],
  targets: [
    // Modules stand in the order in which data flows; each one depends only on modules above it.
    .target(name: "PexTensor"),
    .target(name: "PexGraph", dependencies: ["PexTensor"]),
    .target(name: "COnnxProto", exclude: ["README.md"], linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(name: "PexONNX", dependencies: ["COnnxProto", "PexGraph", "PexTensor"]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexONNXTests", dependencies: ["PexONNX", "PexGraph", "PexTensor"]),
  ],
  swiftLanguageModes: [.v6]
)
