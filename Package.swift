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
    .target(name: "PexReference", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexHeads", dependencies: ["PexTensor"]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexGraphTests", dependencies: ["PexGraph", "PexTensor"]),
  ],
  swiftLanguageModes: [.v6]
)
