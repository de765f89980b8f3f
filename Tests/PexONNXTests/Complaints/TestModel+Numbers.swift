import PexReference
import PexTensor

extension TestModel {
  /// What the model computes for these numbers, of as many samples as they make, in the plain interpreter.
  ///
  /// The complaints are about what comes out, whatever nodes a model becomes: their tests look at numbers alone.
  func computed(_ x: [Float]) throws -> Tensor {
    let graph = try load().graph
    let type = graph[graph.inputs[0].value].type
    var extents = type.perSample
    if type.hasBatch { extents[0] = x.count / extents.dropFirst().reduce(1, *) }
    return try Reference.run(graph, inputs: [try Tensor(extents, x)])[0]
  }

  /// The numbers that come out for these.
  func numbers(_ x: [Float]) throws -> [Float] { try computed(x).floats }

  /// A model whose one input is a row of numbers, as a picture of one channel and one line.
  static func row(
    _ op: String, opset: Int = 17, count: Int, _ attributes: [(String, Attribute)] = [],
    _ stored: [(String, Stored)] = []
  ) -> TestModel {
    TestModel(op, opset: opset, x: ["N", 1, 1, .fixed(count)], attributes, stored)
  }
}

/// Whether two lists are the same up to rounding: one part in a hundred thousand of the largest number.
func isClose(_ found: [Float], _ expected: [Float]) -> Bool {
  guard found.count == expected.count else { return false }
  let largest = expected.map(abs).max() ?? 0
  return zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(largest, 1) }
}
