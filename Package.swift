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
    .target(name: "PexHeads", dependencies: ["PexTensor"]),
    .target(name: "PexTraining", dependencies: ["PexTensor", "PexHeads"]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexHeadsTests", dependencies: ["PexHeads"]),
    .testTarget(name: "PexTrainingTests", dependencies: ["PexTraining"]),
  ],
  swiftLanguageModes: [.v6]
)
