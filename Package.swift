// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "pex",
  products: [],
  dependencies: [],
  targets: [
    // Modules stand in the order in which data flows; each one depends only on modules above it.
    .target(name: "PexTensor"),
    .target(name: "CImageCodecs", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .target(name: "PexData", dependencies: ["PexTensor", "CImageCodecs", "CZip"]),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexDataTests", dependencies: ["PexData"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)
