import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Recurrent layers by the kernels, held to the interpreter.
@Suite struct RecurrentTests {
  static func function(_ draw: inout Draw) -> Recurrent.Function {
    let kind = draw.pick(from: Recurrent.Function.Kind.allCases)
    // Those that grow without a limit stay small here.
    if kind == .exponential || kind == .softplus { return .init(.tanh) }
    return .init(kind, alpha: Double(draw.pick(1...8)) / 10, beta: Double(draw.pick(1...8)) / 10)
  }

  static func layer(_ draw: inout Draw) -> Recurrent {
    let cell = draw.pick(from: Recurrent.Cell.allCases)
    let isUsual = draw.pick(0...2) > 0
    let functions = isUsual ? nil : (0..<cell.functionCount).map { _ in function(&draw) }
    var extras: Recurrent.Extras = []
    if draw.pick(0...2) == 0 { extras.insert(.lengths) }
    if draw.pick(0...1) == 0 { extras.insert(.state) }
    if cell == .lstm, draw.pick(0...1) == 0 { extras.insert(.cell) }
    if cell == .lstm, draw.pick(0...2) == 0 { extras.insert(.peepholes) }
    return Recurrent(
      cell, isReversed: draw.pick(0...1) == 1, functions: functions, clip: draw.pick(0...2) == 0 ? 0.4 : .infinity,
      couplesGates: cell == .lstm && draw.pick(0...3) == 0, resetsAfter: cell == .gru && draw.pick(0...1) == 1,
      extras: extras)
  }

  /// A graph of one layer, all results given out.
  static func graph(_ layer: Recurrent, samples: Dimension, steps: Int, depth: Int, units: Int, _ draw: inout Draw)
    throws -> Graph
  {
    var graph = Graph()
    let rows = layer.cell.gates * units
    var inputs = [try graph.addInput("x", ValueType(.float32, [samples, .fixed(steps), .fixed(depth)]))]
    func small(_ extents: [Int]) throws -> Tensor {
      try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in draw.generator.normal() / Float(units).squareRoot() })
    }
    inputs.append(try graph.addConstant("weight", small([rows, depth])))
    inputs.append(try graph.addConstant("recurrent", small([rows, units])))
    inputs.append(try graph.addConstant("bias", small([2, rows])))
    let count = draw.pick(0...1) == 0 ? samples.perSample : 1
    if layer.extras.contains(.lengths) {
      let lengths = (0..<count).map { _ in Float(draw.pick(0...steps)) }
      inputs.append(try graph.addConstant("lengths", Tensor([count], lengths)))
    }
    for extra in [Recurrent.Extras.state, .cell] where layer.extras.contains(extra) {
      if samples == .batch, draw.pick(0...1) == 0 {
        inputs.append(try graph.addInput("start\(extra.rawValue)", ValueType(.float32, [.batch, .fixed(units)])))
      } else {
        inputs.append(try graph.addConstant("start\(extra.rawValue)", small([count, units])))
      }
    }
    if layer.extras.contains(.peepholes) { inputs.append(try graph.addConstant("peepholes", small([3 * units]))) }
    let names = ["states", "last", "cell"].prefix(layer.cell == .lstm ? 3 : 2)
    for id in try graph.addNode(.recurrent(layer), inputs, outputs: Array(names)) { graph.addOutput(id) }
    try graph.verify()
    return graph
  }

  @Test(arguments: 0..<150) func kernelsComputeWhatTheInterpreterDoes(seed: Int) throws {
    var draw = Draw(seed: seed)
    let layer = Self.layer(&draw)
    let samples: Dimension = draw.pick(0...2) == 0 ? .fixed(draw.pick(1...3)) : .batch
    // With gates beyond 0…1 a step may enlarge what the one before has rounded, a hundredfold after nine of them.
    let isUsual = layer.functions == Recurrent(layer.cell).functions
    let graph = try Self.graph(
      layer, samples: samples, steps: draw.pick(1...(isUsual ? 9 : 2)), depth: draw.pick(1...40),
      units: draw.pick(from: [1, 3, 8, 16, 17, 33, 64]), &draw)
    let comparisons = try Runs.comparisons(graph, seed: UInt64(seed))
    for comparison in comparisons {
      #expect(comparison.kernels == ["recurrent"])
      #expect(comparison.error < 2e-5, "\(layer) \(comparison.isa)")
    }
    if seed % 5 == 0 { #expect(try Runs.isSteady(graph, seed: UInt64(seed))) }
  }

  /// A layer so wide that its steps are shared among threads, over more steps than go through a panel at a time.
  @Test(arguments: Recurrent.Cell.allCases) func wideLayers(cell: Recurrent.Cell) throws {
    var draw = Draw(seed: 3)
    let units = cell == .rnn ? 730 : 420
    let graph = try Self.graph(Recurrent(cell), samples: .batch, steps: 67, depth: 5, units: units, &draw)
    #expect(try Runs.error(graph, seed: 1) < 2e-5)
    #expect(try Runs.isSteady(graph, seed: 1, threads: 2...3))
  }

  /// The text form keeps every setting.
  @Test(arguments: 0..<40) func textReadsBack(seed: Int) throws {
    var draw = Draw(seed: seed)
    let layer = Self.layer(&draw)
    let graph = try Self.graph(layer, samples: .batch, steps: 2, depth: 1, units: 1, &draw)
    #expect(try Graph.parse(graph.text()).nodes.map(\.operation) == graph.nodes.map(\.operation))
  }

  @Test func weightsThatAreComputedGoThroughTheInterpreter() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 3, 2]))
    let weight = try graph.addInput("w", ValueType(.float32, [4, 2]))
    let recurrent = try graph.addConstant("r", Tensor(repeating: 0.1, [4, 4]))
    let bias = try graph.addConstant("b", Tensor(repeating: 0.1, [2, 4]))
    let results = try graph.addNode(
      .recurrent(Recurrent(.rnn)), [x, weight, recurrent, bias], outputs: ["states", "last"])
    graph.addOutput(results[1])
    #expect(try Runs.comparisons(graph, seed: 1).allSatisfy { $0.kernels == ["reference"] && $0.error == 0 })
  }
}
