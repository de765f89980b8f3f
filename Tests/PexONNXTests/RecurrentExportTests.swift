import PexGraph
import PexONNX
import PexReference
import PexTensor
import PexTestSupport
import Testing

/// Recurrent layers written as ONNX and read again.
@Suite struct RecurrentExportTests {
  private static let functions: [Recurrent.Function] = [
    .init(.affine, alpha: 0.5, beta: 0.25), .init(.relu), .init(.leakyRelu, alpha: 0.25), .init(.tanh),
    .init(.thresholdedRelu, alpha: 0.5), .init(.scaledTanh, alpha: 0.5, beta: 0.75), .init(.sigmoid),
    .init(.hardSigmoid, alpha: 0.25, beta: 0.5), .init(.elu, alpha: 0.5), .init(.softsign), .init(.softplus),
  ]

  private static func layer(_ generator: inout SplitMix64) -> Recurrent {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let cell = Recurrent.Cell.allCases[draw(0...2)]
    var extras: Recurrent.Extras = []
    for (extra, isOfAll) in [(Recurrent.Extras.lengths, true), (.state, true), (.cell, false), (.peepholes, false)]
    where draw(0...1) == 1 && (isOfAll || cell == .lstm) {
      extras.insert(extra)
    }
    return Recurrent(
      cell, isReversed: draw(0...1) == 1,
      functions: draw(0...1) == 0 ? nil : (0..<cell.functionCount).map { _ in functions[draw(0...10)] },
      clip: draw(0...2) == 0 ? 0.5 : .infinity, couplesGates: cell == .lstm && draw(0...3) == 0,
      resetsAfter: cell == .gru && draw(0...1) == 1, extras: extras)
  }

  @Test(arguments: 0..<40) func layersComeBack(_ seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let layer = Self.layer(&generator)
    let rows = layer.cell.gates * 4
    var graph = Graph()
    var inputs = [try graph.addInput("x", ValueType(.float32, [.batch, 3, 2]))]
    var sizes = [[rows, 2], [rows, 4], [2, rows]]
    for (extra, size) in [(Recurrent.Extras.lengths, [1]), (.state, [1, 4]), (.cell, [1, 4]), (.peepholes, [12])]
    where layer.extras.contains(extra) {
      sizes.append(size)
    }
    for (index, size) in sizes.enumerated() {
      let isLength = size == [1]
      let numbers = (0..<size.reduce(1, *)).map { _ in isLength ? 2 : 0.4 * generator.normal() }
      inputs.append(try graph.addConstant("w\(index)", Tensor(size, numbers)))
    }
    let names = ["states", "last", "cell"].prefix(layer.cell == .lstm ? 3 : 2)
    let results = try graph.addNode(.recurrent(layer), inputs, outputs: Array(names))
    // Not every result is read in every network.
    for (index, id) in results.enumerated() where seed % 4 == 0 || index != Int(seed % 4) - 1 { graph.addOutput(id) }
    try graph.verify()
    let file = try ONNXExporter.export(graph, producer: ("tests", "1.0"), metadata: [])
    let again = try ONNXImporter.load(bytes: try file.bytes(), name: "again")
    #expect(again.warnings.isEmpty)
    #expect(again.graph.outputs.map { again.graph[$0].type } == graph.outputs.map { graph[$0].type })
    let x = try randomInputs(graph, batch: 3, seed: seed)
    for (a, b) in try zip(Reference.run(again.graph, inputs: x), Reference.run(graph, inputs: x)) {
      #expect(relativeError(a, b) < 1e-6, "\(layer)")
    }
  }

  @Test func functionsThatOnlyKerasHasAreRefusedByName() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 3, 2]))
    let weights = try [[4, 2], [4, 4], [2, 4]].enumerated().map {
      try graph.addConstant("w\($0)", Tensor(repeating: 1, $1))
    }
    let layer = Recurrent(.rnn, functions: [.init(.gelu)])
    graph.addOutput(try graph.addNode(.recurrent(layer), [x] + weights, outputs: ["states", "last"])[1])
    #expect(
      performing: { try ONNXExporter.export(graph, producer: ("tests", "1.0"), metadata: []) },
      throws: {
        ($0 as? PexError)?.kind == .unsupported && ($0 as? PexError)?.message.contains("gelu") == true
      })
  }
}
