import PexBundle
import PexConsole
import PexConvert
import PexGraph
import PexReference
import PexRuntime
import PexTensor

/// Compares the imported graph, in the reference interpreter, with the bundle as it will run.
struct Verification {
  let source: ModelSource
  let contents: BundleContents

  /// The largest max|a-b| / max|b| that passes. Half-precision weights round every weight by up to 2^-11.
  private var tolerance: Float { contents.trunk.storage == .float16 ? 2e-2 : 1e-4 }

  /// Runs `count` random inputs through both.
  /// - Throws: ``PexError`` (mismatch) naming the first output beyond tolerance and the first operation that makes a difference.
  func run(count: Int, _ console: Console) throws {
    let bundle = try BundleFile(bytes: try contents.encoded())
    let session = try Session(try Model(bundle))
    let graph = source.graph
    for round in 0..<count {
      var generator = SplitMix64(seed: UInt64(round) + 1)
      let inputs = try graph.inputs.map { input in
        let extents = graph[input.value].type.perSample
        return try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in generator.normal() })
      }
      let answer = try session.run(inputs, .final)
      let expected = try Reference.run(graph, inputs: inputs)
      for (output, reference) in zip(graph.outputs, expected) {
        guard let found = answer.outputs.first(where: { $0.name == graph[output].name })?.tensor else {
          throw PexError(.mismatch, "the bundle has no output '\(graph[output].name)'")
        }
        let error = Self.error(found, reference)
        console.progress("verify \(round + 1)/\(count): '\(graph[output].name)' max|a-b|/max|b| = \(error)")
        guard error <= tolerance else {
          let place = try firstDifference(session.model.bundle.graph, inputs)
          throw PexError(
            .mismatch, "output '\(graph[output].name)' differs by \(error), tolerance \(tolerance)\(place)")
        }
      }
    }
  }

  /// Where the bundle's own operations part from the interpreter, in words.
  private func firstDifference(_ graph: Graph, _ inputs: [Tensor]) throws -> String {
    guard let layer = try LayerCheck.run(graph, inputs: inputs).first(where: { !$0.passes }) else {
      return "; every operation by itself agrees, so it is the weights' storage or the canonical form"
    }
    return ", first at '\(layer.name)' (\(layer.mnemonic)): \(layer.error), tolerance \(layer.tolerance)"
  }

  private static func error(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    let (found, expected) = (a.floats, b.floats)
    let difference = zip(found, expected).reduce(Float(0)) { worst, pair in
      let distance = abs(pair.0 - pair.1)
      return distance.isNaN ? .infinity : max(worst, distance)
    }
    let largest = expected.reduce(Float(0)) { max($0, abs($1)) }
    return largest == 0 ? difference : difference / largest
  }
}
