import PexGraph
import PexReference
import PexTensor

/// Holds every operation of a network, as the kernels compute it, against the plain interpreter. Each is given what the
/// kernels computed before it, so that a difference is told where it arises and not where it shows.
public enum LayerCheck {
  /// How one operation compares.
  public struct Layer: Sendable {
    /// The node's name.
    public let name: String
    /// The operation's word in the text form.
    public let mnemonic: String
    /// max|a-b| / max|b| of its results.
    public let error: Float
    /// The error that rounding may make, see `Operation.tolerance`.
    public let tolerance: Float
    /// Whether the error is no larger than that.
    public var passes: Bool { error <= tolerance }
  }

  /// Computes a network with the kernels and compares every operation.
  /// - Parameters:
  ///   - graph: the network; every value is kept, so this takes the memory of all of them.
  ///   - inputs: one float32 tensor an input, of one sample.
  /// - Throws: ``PexError`` (malformed) when an input does not fit.
  public static func run(_ graph: Graph, inputs: [Tensor]) throws -> [Layer] {
    let inner = graph.nodes.flatMap(\.outputs).filter { graph[$0].type.dtype == .float32 }
    let executor = try Executor(plan: try ExecutionPlan(graph: graph, taps: inner), threads: 1)
    try executor.load(inputs: inputs)
    var values = Dictionary(uniqueKeysWithValues: zip(graph.inputs.map(\.value), inputs))
    for segment in 0..<executor.plan.segmentCount {
      try executor.run(segment: segment)
      // A tap is there until the next segment runs.
      if segment < executor.plan.taps.count {
        let tap = executor.plan.taps[segment]
        values[tap] = try executor.value(tap)
      }
    }
    return try compare(graph, values)
  }

  /// Compares every operation of which `values` has what it reads and gives.
  package static func compare(_ graph: Graph, _ values: [ValueID: Tensor]) throws -> [Layer] {
    try graph.nodes.compactMap { node in
      let inputs = node.inputs.compactMap { values[$0] ?? graph[$0].constant }
      guard inputs.count == node.inputs.count, node.outputs.contains(where: { values[$0] != nil }) else { return nil }
      let expected = try naming("node '\(node.name)'") { try Reference.evaluate(node.operation, inputs) }
      let errors = try zip(node.outputs, expected).compactMap { output, expected in
        try values[output].map { try relativeError($0, expected) }
      }
      let types = node.inputs.map { graph[$0].type }
      return Layer(
        name: node.name, mnemonic: node.operation.mnemonic,
        error: errors.max() ?? 0,
        tolerance: node.operation.tolerance(inputs: types))
    }
  }

  /// max|a-b| / max|b|; infinite where shapes differ or one is not a number where the other is.
  private static func relativeError(_ found: Tensor, _ expected: Tensor) throws -> Float {
    guard found.shape == expected.shape else { return .infinity }
    var (difference, largest): (Float, Float) = (0, 0)
    for (a, b) in zip(found.floats, expected.floats) where a != b && !(a.isNaN && b.isNaN) {
      let distance = abs(a - b)
      difference = distance.isNaN ? .infinity : max(difference, distance)
    }
    for b in expected.floats where b.isFinite { largest = max(largest, abs(b)) }
    return largest == 0 ? difference : difference / largest
  }
}
