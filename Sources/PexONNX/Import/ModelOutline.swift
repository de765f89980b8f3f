import PexTensor

/// A model without functions, with its graph checked and sorted. What comes after can rely on every name having exactly
/// one source.
struct ModelOutline {
  /// Every version of the standard operator set up to this one has been looked at.
  static let newestOpset = 28

  let model: ONNXModel
  /// The version of the standard operator set.
  let opset: Int
  /// The needed nodes and what they read.
  let graph: GraphOutline

  var nodes: [ONNXNode] { graph.nodes }
  var initializers: [String: ONNXTensor] { graph.initializers }
  var inputs: [ONNXValueInfo] { graph.inputs }
  var readers: [String: Int] { graph.readers }

  /// The value inside at which the network ends, as somebody wished; nil where it answers as the file says.
  let end: String?

  /// Checks and sorts a model.
  /// - Parameter output: where the network ends, when that is one of its inner values; an output of the file's changes nothing.
  /// - Throws: ``PexError`` (malformed) naming what is missing, double or part of a cycle; (unsupported) when its
  ///   functions make it too large.
  init(_ model: ONNXModel, output: String? = nil) throws {
    opset = try Self.opset(of: model)
    var model = try FunctionInliner.inline(model)
    end = output.flatMap { name in
      guard !name.isEmpty, !model.graph.outputs.contains(where: { $0.name == name }) else { return nil }
      return model.graph.nodes.contains { $0.outputs.contains(name) } ? name : nil
    }
    if let end { model.graph.outputs = [ONNXValueInfo(name: end)] }
    self.model = model
    graph = try GraphOutline(self.model.graph)
  }

  private static func opset(of model: ONNXModel) throws -> Int {
    if let version = model.opsets[""] {
      guard version >= 1 else { throw PexError(.malformed, "operator set version \(version) does not exist") }
      return version
    }
    guard model.irVersion < 3 else {
      throw PexError(.malformed, "the file does not say which version of the standard operator set it uses")
    }
    return 1
  }
}
