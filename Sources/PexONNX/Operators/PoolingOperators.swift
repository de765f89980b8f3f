import PexGraph
import PexTensor

/// Pooling over windows and over whole maps.
enum PoolingOperators {
  static let rows = [
    // Later versions add attributes: 8 storage order, 10 ceil_mode and dilations.
    OperatorRow(op: "MaxPool", since: 1) { try pool($0, $1, .maximum) },
    // 7 adds count_include_pad, 10 ceil_mode, 19 dilations.
    OperatorRow(op: "AveragePool", since: 1) { try pool($0, $1, .average) },
    OperatorRow(op: "GlobalMaxPool", since: 1) { try globalPool($0, $1, .maximum) },
    OperatorRow(op: "GlobalAveragePool", since: 1) { try globalPool($0, $1, .average) },
  ]

  private static func pool(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Pooling.Kind
  ) throws -> [ImportedValue] {
    guard let kernel = try node.optionalIntegers("kernel_shape") else {
      throw PexError(.malformed, "attribute 'kernel_shape' is missing")
    }
    // Matters only to the positions of the maxima, an output that is not supported.
    node.ignore("storage_order")
    let window = try node.window(kernel: kernel, roundsUp: try node.flag("ceil_mode", default: false))
    let countsPadding = kind == .average ? try node.flag("count_include_pad", default: false) : false
    let pooling = Pooling(kind: kind, window: window, countsPadding: countsPadding)
    return [.computed(try builder.emit(.pooling(pooling), [builder.float(node.input(0, "X"))], for: node.node))]
  }

  private static func globalPool(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Pooling.Kind
  ) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    return [.computed(try builder.emit(.globalPooling(GlobalPooling(kind: kind)), [x], for: node.node))]
  }
}
