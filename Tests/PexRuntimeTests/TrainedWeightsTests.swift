import Foundation
import PexBundle
import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Promise 1 on a network that somebody trained: the CIFAR-100 sample, most of whose layers are Winograd's.
@Suite struct TrainedWeightsTests {
  /// The largest max|a-b| / max|b| of one layer by itself. Seen: 4.9e-6 by Winograd's algorithm, 6.0e-7 directly.
  static func layerBound(_ kernels: Set<String>) -> Float { kernels.contains(where: \.isWinograd) ? 1e-5 : 1.2e-6 }
  /// The same of exit points and logits, behind all layers in front of them. Seen: 3.2e-6.
  static let networkBound: Float = 7e-6

  static func network() throws -> BundleFile {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try BundleFile(path: root.appendingPathComponent("SampleModels/cifar100/resnet20.pex").path)
  }

  /// Something like a photograph, preprocessed: a background that changes slowly, things with edges before it, and the
  /// noise of a camera.
  static func picture(_ seed: Int) throws -> Tensor {
    var draw = Draw(seed: seed)
    let things = (0..<6).map { _ in
      (row: draw.pick(0...31), column: draw.pick(0...31), radius: draw.pick(3...12), colour: draw.picks(3, 0...255))
    }
    let (top, bottom) = (draw.picks(3, 0...255), draw.picks(3, 0...255))
    let (mean, deviation): ([Float], [Float]) = ([0.5071, 0.4865, 0.4409], [0.2673, 0.2564, 0.2762])
    var numbers: [Float] = []
    for channel in 0..<3 {
      for row in 0..<32 {
        for column in 0..<32 {
          var level = top[channel] + (bottom[channel] - top[channel]) * row / 31
          for thing in things {
            let (down, right) = (row - thing.row, column - thing.column)
            if down * down + right * right < thing.radius * thing.radius { level = thing.colour[channel] }
          }
          let seen = min(max(Float(level) / 255 + 0.02 * draw.generator.normal(), 0), 1)
          numbers.append((seen - mean[channel]) / deviation[channel])
        }
      }
    }
    return try Tensor([1, 3, 32, 32], numbers)
  }

  /// The place of the largest number.
  private static func winner(_ logits: Tensor?) -> Int? {
    logits.flatMap { logits in logits.floats.indices.max { logits.floats[$0] < logits.floats[$1] } }
  }

  @Test(arguments: [1, 2])
  func everyExitPointAndTheLogitsAreWhatTheInterpreterComputes(seed: Int) throws {
    let bundle = try Self.network()
    let graph = bundle.graph
    let taps = bundle.contents.trunk.exitPoints.map(\.value)
    let logits = try #require(graph.classifier).logits
    #expect(graph.outputs == [logits] && taps.count >= 10)
    let inputs = [try Self.picture(seed)]
    let expected = try Reference.run(graph, inputs: inputs, keeping: taps + [logits])
    for isa in InstructionSet.available {
      let (found, steps) = try Runs.profiled(graph, inputs, taps: taps, isa, threads: 2)
      #expect(steps.filter { $0.kernel.isWinograd }.count >= 5)
      for (index, (tensor, wanted)) in zip(found, expected).enumerated() {
        #expect(relativeError(tensor, wanted) < Self.networkBound, "value \(index) on \(isa.name)")
      }
      #expect(Self.winner(found.last) == Self.winner(expected.last))
    }
  }

  /// Each layer alone, on what the interpreter gives it.
  @Test func everyLayerIsWhatTheInterpreterComputes() throws {
    let graph = try Self.network().graph
    let layers = graph.nodes.filter { if case .convolution = $0.operation { true } else { false } }
    let values = layers.map { $0.inputs[0] } + layers.map { $0.outputs[0] }
    let computed = try Reference.run(graph, inputs: [Self.picture(3)], keeping: values)
    for (index, node) in layers.enumerated() {
      var layer = Graph()
      let x = try layer.addInput("x", ValueType(of: computed[index]))
      let parameters = try node.inputs.dropFirst().map { id in
        try layer.addConstant("c\(id.index)", try #require(graph[id].constant))
      }
      layer.addOutput(try layer.addNode(node.operation, [x] + parameters, output: "y"))
      for isa in InstructionSet.available {
        let (found, steps) = try Runs.profiled(layer, [computed[index]], isa)
        let bound = Self.layerBound(Set(steps.map(\.kernel)))
        #expect(relativeError(found[0], computed[layers.count + index]) < bound, "\(node.name) on \(isa.name)")
      }
    }
  }

  @Test func threadsChangeNoByte() throws {
    let graph = try Self.network().graph
    let inputs = [try Self.picture(4)]
    for isa in InstructionSet.available {
      let expected = try Runs.values(graph, inputs, isa)[0]
      for threads in 2...4 {
        #expect(try Runs.values(graph, inputs, isa, threads: threads)[0].isIdentical(to: expected))
      }
    }
  }
}
