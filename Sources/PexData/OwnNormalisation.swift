import PexGraph
import PexTensor

/// What a network does to levels before anything else: layers that rescale or centre pictures inside the model.
public struct OwnNormalisation: Sendable {
  /// The value behind the last of them.
  public let value: String
  /// What becomes of the levels 0 and 255, on the average of the channels; in this order.
  public let ends: (black: Float, white: Float)

  /// The arithmetic with constants that stands between the input of pictures and everything else; nil where there is none.
  public init?(_ graph: Graph) {
    guard var value = graph.pictureInput?.value else { return nil }
    let consumers = graph.consumers()
    var ends: (Float, Float) = (0, 255)
    var last: ValueID?
    while let readers = consumers[value], readers.count == 1 {
      let node = graph.nodes[readers[0]]
      // What is divided and then rounded is quantised, whatever its levels mean.
      if let unary = node.operation.payload as? Unary, unary.kind == .round { return nil }
      guard let output = node.outputs.first, let step = Self.step(node, reading: value, in: graph) else { break }
      switch step {
      case .moves: break
      case .computes(let function):
        ends = (function(ends.0), function(ends.1))
        last = output
      }
      value = output
    }
    guard let last, ends.0.isFinite, ends.1.isFinite else { return nil }
    (self.value, self.ends) = (graph[last].name, ends)
  }

  /// Whether the arithmetic makes numbers of a usual size of levels 0…1, and of none of 0…255: levels are to be scaled first.
  public var expectsUnitLevels: Bool {
    // All numbers stand on one line: 1 lies 1/255 of the way from black to white.
    let one = ends.black + (ends.white - ends.black) / 255
    let isUsual = { (number: Float) in abs(number) <= 5 }
    return isUsual(ends.black) && isUsual(one) && abs(one - ends.black) > 0.5
      && !isUsual(ends.white) && abs(ends.white) > 300 / 255 * 100
  }

  private enum Step {
    /// Numbers change their places alone.
    case moves
    case computes((Float) -> Float)
  }

  private static func step(_ node: Node, reading value: ValueID, in graph: Graph) -> Step? {
    /// The mean of an operand that is constant.
    func constant(_ index: Int) -> Float? {
      guard node.inputs.indices.contains(index), let tensor = graph[node.inputs[index]].constant, tensor.count > 0,
        tensor.dtype.isFloat
      else { return nil }
      return tensor.floats.reduce(0, +) / Float(tensor.count)
    }
    guard node.inputs.first == value || node.operation.payload is Binary else { return nil }
    if let binary = node.operation.payload as? Binary {
      return arithmetic(binary.kind, left: constant(0), right: constant(1)).map(Step.computes)
    }
    if let normalization = node.operation.payload as? BatchNormalization {
      guard let scale = constant(1), let shift = constant(2), let mean = constant(3), let variance = constant(4) else {
        return nil
      }
      let spread = (variance + Float(normalization.epsilon)).squareRoot()
      return .computes { ($0 - mean) / spread * scale + shift }
    }
    let payload = node.operation.payload
    let onlyMoves = payload is Transpose || payload is Identity || payload is Reshape || payload is StridedSlice
    return onlyMoves || payload is Gather ? .moves : nil
  }

  private static func arithmetic(_ kind: Binary.Kind, left: Float?, right: Float?) -> ((Float) -> Float)? {
    switch (kind, left, right) {
    case (.add, let number?, nil), (.add, nil, let number?): { $0 + number }
    case (.multiply, let number?, nil), (.multiply, nil, let number?): { $0 * number }
    case (.subtract, nil, let number?): { $0 - number }
    case (.subtract, let number?, nil): { number - $0 }
    case (.divide, nil, let number?): { $0 / number }
    default: nil
    }
  }
}
