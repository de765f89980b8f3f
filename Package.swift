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
    .target(name: "PexPasses", dependencies: ["PexGraph", "PexReference", "PexTensor"]),
    .target(name: "PexHeads", dependencies: ["PexTensor"]),
    .target(name: "CPexKernels", cSettings: [.define("NDEBUG", .when(configuration: .release))]),
    .target(name: "PexRuntime", dependencies: ["CPexKernels", "PexGraph", "PexReference", "PexTensor"]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexGraphTests", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexTestSupport", dependencies: ["PexGraph", "PexTensor"], path: "Tests/Support"),
    .testTarget(
      name: "PexPassesTests", dependencies: ["PexGraph", "PexPasses", "PexReference", "PexTensor", "PexTestSupport"]),
    .testTarget(
      name: "PexRuntimeTests",
      dependencies: ["CPexKernels", "PexGraph", "PexReference", "PexRuntime", "PexTensor", "PexTestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
