import ArgumentParser

/// The forms in which a network with its exits goes to other runtimes.
enum EmittedForm: String, ExpressibleByArgument, CaseIterable {
  /// One ONNX file with every exit as a further output.
  case onnx
  /// A folder with an ONNX file a stage.
  case stages = "onnx-stages"
}
