// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "pex",
  products: [],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Modules stand in the order in which data flows; each one depends only on modules above it.
    .target(name: "PexTensor"),
    .target(name: "PexGraph", dependencies: ["PexTensor"]),
    .target(name: "PexReference", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexPasses", dependencies: ["PexGraph", "PexReference", "PexTensor"]),
    .target(name: "PexHeads", dependencies: ["PexTensor"]),
    .target(name: "PexExits", dependencies: ["PexGraph", "PexHeads", "PexTensor"]),
    .target(
      name: "PexConsole",
      dependencies: ["PexTensor", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexGraphTests", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexTestSupport", dependencies: ["PexGraph", "PexTensor"], path: "Tests/Support"),
    .testTarget(
      name: "PexPassesTests", dependencies: ["PexGraph", "PexPasses", "PexReference", "PexTensor", "PexTestSupport"]),
    .testTarget(name: "PexExitsTests", dependencies: ["PexExits", "PexGraph", "PexHeads", "PexTensor"]),
  ],
  swiftLanguageModes: [.v6]
)
