// swift-tools-version: 6.0
import PackageDescription

// A package of its own, so that pex itself is built without instrumentation and needs no unsafe flag.
let package = Package(
  name: "fuzzing",
  dependencies: [.package(name: "pex", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz-onnx",
      dependencies: [.product(name: "PexONNX", package: "pex")],
      // libFuzzer brings the main function.
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
      name: "fuzz-pictures",
      dependencies: [.product(name: "PexRuntime", package: "pex")],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ],
  swiftLanguageModes: [.v6]
)
