// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "pex",
  products: [
    // For build machines: source model to bundle.
    .library(name: "PexConvert", targets: ["PexConvert"]),
    // ONNX files to canonical graphs, without bundles and heads.
    .library(name: "PexONNX", targets: ["PexONNX", "PexPasses", "PexTensor"]),
    // For devices: run bundles and train heads. Links neither protobuf-c nor HDF5.
    .library(
      name: "PexRuntime",
      targets: ["PexBundle", "PexData", "PexHeads", "PexRuntime", "PexTensor", "PexTraining"]),
    .executable(name: "pexconvert", targets: ["pexconvert"]),
    .executable(name: "pexrun", targets: ["pexrun"]),
    .executable(name: "pextrain", targets: ["pextrain"]),
    .executable(name: "pexeval", targets: ["pexeval"]),
    .executable(name: "pexinfo", targets: ["pexinfo"]),
    // Reads Keras files for pexconvert and pexinfo, in a process of its own.
    .executable(name: "pexkeras", targets: ["pexkeras"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    // Modules stand in the order in which data flows; each one depends only on modules above it.
    .target(name: "PexTensor"),
    .target(name: "PexGraph", dependencies: ["PexTensor"]),
    .target(name: "PexReference", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexPasses", dependencies: ["PexGraph", "PexReference", "PexTensor"]),
    .target(name: "PexHeads", dependencies: ["PexGraph", "PexTensor"]),
    .target(name: "PexExits", dependencies: ["PexGraph", "PexHeads", "PexTensor"]),
    .target(name: "COnnxProto", exclude: ["README.md"], linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(
      name: "PexONNX",
      dependencies: [
        "COnnxProto", "PexGraph", "PexReference", "PexTensor", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .systemLibrary(name: "CHDF5System", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .target(name: "CHDF5", dependencies: ["CHDF5System"]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .target(name: "PexZip", dependencies: ["CZip", "PexTensor"]),
    .target(name: "PexKeras", dependencies: ["CHDF5", "PexGraph", "PexTensor", "PexZip"]),
    .target(name: "CPexChecksum"),
    .target(name: "CPexFiles"),
    .target(name: "CPexProcess"),
    .target(
      name: "PexBundle",
      dependencies: [
        "CPexChecksum", "CPexFiles", "PexGraph", "PexHeads", "PexTensor",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(name: "CPexKernels", cSettings: [.define("NDEBUG", .when(configuration: .release))]),
    .target(name: "CImageCodecs", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(
      name: "PexData",
      dependencies: ["CImageCodecs", "CPexKernels", "PexBundle", "PexGraph", "PexTensor", "PexZip"]),
    .target(
      name: "PexConvert",
      dependencies: [
        "CPexProcess", "PexBundle", "PexData", "PexExits", "PexGraph", "PexHeads", "PexONNX", "PexPasses", "PexTensor",
        "PexZip",
      ]),
    .target(
      name: "PexRuntime",
      dependencies: ["CPexKernels", "PexBundle", "PexGraph", "PexHeads", "PexReference", "PexTensor"]),
    .target(
      name: "PexTraining",
      dependencies: ["CPexKernels", "PexBundle", "PexGraph", "PexHeads", "PexRuntime", "PexTensor"]),
    .target(name: "PexEvaluation", dependencies: ["PexBundle", "PexRuntime", "PexTensor", "PexTraining"]),
    .target(
      name: "PexConsole",
      dependencies: [
        "CPexFiles", "CPexProcess", "PexBundle", "PexData", "PexGraph", "PexRuntime", "PexTensor", "PexTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "pexconvert",
      dependencies: [
        "PexBundle", "PexConsole", "PexConvert", "PexData", "PexExits", "PexGraph", "PexHeads", "PexONNX",
        "PexReference",
        "PexRuntime", "PexTensor", "PexTraining",
      ]),
    .executableTarget(
      name: "pexrun",
      dependencies: ["PexBundle", "PexConsole", "PexData", "PexGraph", "PexRuntime", "PexTensor"]),
    .executableTarget(
      name: "pextrain",
      dependencies: ["PexBundle", "PexConsole", "PexData", "PexHeads", "PexRuntime", "PexTensor", "PexTraining"]),
    .executableTarget(
      name: "pexeval",
      dependencies: [
        "PexBundle", "PexConsole", "PexData", "PexEvaluation", "PexRuntime", "PexTensor", "PexTraining",
      ]),
    .executableTarget(
      name: "pexinfo",
      dependencies: [
        "PexBundle", "PexConsole", "PexConvert", "PexExits", "PexGraph", "PexHeads", "PexONNX", "PexRuntime",
        "PexTensor",
      ]),
    .executableTarget(
      name: "pexkeras",
      dependencies: ["CPexProcess", "PexBundle", "PexConsole", "PexGraph", "PexKeras", "PexTensor"]),

    // Tests, module by module.
    .target(name: "PexTestSupport", dependencies: ["PexGraph", "PexTensor"], path: "Tests/Support"),
    .target(name: "PexAllocations", path: "Tests/Allocations"),
    .testTarget(name: "PexTensorTests", dependencies: ["PexTensor"]),
    .testTarget(name: "PexGraphTests", dependencies: ["PexGraph", "PexTensor"]),
    .testTarget(
      name: "PexPassesTests", dependencies: ["PexGraph", "PexPasses", "PexReference", "PexTensor", "PexTestSupport"]),
    .testTarget(
      name: "PexExitsTests",
      dependencies: ["PexExits", "PexGraph", "PexHeads", "PexReference", "PexTensor", "PexTestSupport"],
      exclude: ["Golden"]),
    .testTarget(
      name: "PexONNXTests",
      dependencies: ["PexData", "PexONNX", "PexGraph", "PexReference", "PexTensor", "PexTestSupport"],
      exclude: ["Fixtures", "Fuzz"]),
    .testTarget(
      name: "PexKerasTests", dependencies: ["PexGraph", "PexKeras", "PexReference", "PexTensor", "PexZip"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "PexBundleTests", dependencies: ["CPexChecksum", "PexBundle", "PexGraph", "PexHeads", "PexTensor"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "PexDataTests", dependencies: ["CPexKernels", "PexBundle", "PexData", "PexGraph", "PexTensor"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "PexRuntimeTests",
      dependencies: [
        "CPexKernels", "PexAllocations", "PexBundle", "PexExits", "PexGraph", "PexHeads", "PexPasses", "PexReference",
        "PexRuntime",
        "PexTensor", "PexTestSupport",
      ]),
    .testTarget(
      name: "PexHeadsTests", dependencies: ["PexGraph", "PexHeads", "PexReference", "PexTensor"]),
    .testTarget(
      name: "PexTrainingTests", dependencies: ["PexBundle", "PexHeads", "PexRuntime", "PexTensor", "PexTraining"]),
    .testTarget(
      name: "PexEvaluationTests",
      dependencies: ["PexBundle", "PexEvaluation", "PexHeads", "PexRuntime", "PexTensor", "PexTraining"]),
    .testTarget(name: "PexConvertTests", dependencies: ["PexBundle", "PexConvert", "PexGraph", "PexTensor"]),
    .testTarget(name: "PexConsoleTests", dependencies: ["PexConsole"]),
    .testTarget(name: "PexProgramsTests"),
  ],
  swiftLanguageModes: [.v6]
)
