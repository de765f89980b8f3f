// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "pex",
  products: [],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    // Modules stand in the order in which data flows; each one depends only on modules above it.
    .target(name: "PexTensor"),
    .target(name: "PexGraph", dependencies: ["PexTensor"]),
    .target(name: "PexHeads", dependencies: ["PexTensor"]),
    .target(name: "CPexChecksum"),
    .target(name: "CPexFiles"),
    .target(
      name: "PexBundle",
      dependencies: [
        "PexTensor", "PexGraph", "PexHeads", "CPexChecksum", "CPexFiles",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"), .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(
      name: "PexBundleTests", dependencies: ["PexTensor", "PexGraph", "PexHeads", "PexBundle", "CPexChecksum"],
      exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)
