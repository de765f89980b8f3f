/// Where a network with operators that cannot be imported is cut in two, so that one part can.
struct NetworkCut {
  /// The value in front of such operators that most layers lead to.
  private(set) var end: String?
  /// What the last of them gives, where no layer leads to any of them.
  private(set) var start: String?
  /// The file's first output.
  private let output: String?

  /// Operators that work as layers of a network.
  private static let layers: Set = [
    "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "LSTM",
    "GRU",
    "RNN",
  ]
  /// Operators whose results are no maps, whatever they read.
  private static let numbers: Set = ["Shape", "Size", "ArgMax", "ArgMin", "NonZero"]

  init(_ outline: ModelOutline) {
    output = outline.model.graph.outputs.first?.name
    // How many layers, one behind the other, lead to each value that can be computed; nil for what cannot.
    var depths: [String: Int?] = [:]
    var deepest = 0
    for node in outline.nodes {
      let inputs = node.readNames.map { depths[$0, default: 0] }
      let isKnown = !inputs.contains(nil)
      let isSupported = OperatorTable.isSupported(node, opset: outline.opset)
      var depth: Int?
      if isKnown, isSupported {
        let longest = inputs.compactMap(\.self).max() ?? 0
        depth = Self.numbers.contains(node.op) ? 0 : longest + (Self.layers.contains(node.op) ? 1 : 0)
      } else {
        for (name, found) in zip(node.readNames, inputs) where (found ?? 0) > 0 && (found ?? 0) >= deepest {
          (end, deepest) = (name, found ?? 0)
        }
        if !isSupported { start = node.outputs.first }
      }
      for name in node.outputs where !name.isEmpty { depths[name] = .some(depth) }
    }
  }

  /// What the user can do.
  var hint: String? {
    if let end { return "--output '\(end)' ends the network in front of them" }
    guard let start, let output, start != output else { return nil }
    return "what is behind them may convert by itself: onnx.utils.extract_model('model.onnx', 'part.onnx', "
      + "['\(start)'], ['\(output)'])"
  }
}
