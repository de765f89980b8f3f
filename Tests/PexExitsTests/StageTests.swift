import PexExits
import PexGraph
import PexHeads
import PexReference
import PexTensor
import PexTestSupport
import Testing

/// Stages compute what the whole graph computes, each node once and none too early.
@Suite struct StageTests {
  /// A random network with a linear head at every exit point.
  private func network(_ seed: UInt64) throws -> (graph: Graph, exits: [(exit: Int, logits: ValueID)]) {
    var graph = try RandomGraph.make(seed: seed)
    let points = ExitPoint.all(in: graph)
    let logits = try graph.add(
      try points.map { point in
        let map = try point.map()
        let specification = try HeadSpecification(
          kind: .linear, channels: map.channels, spatial: map.spatial, classes: 3)
        let head = try Head.random(specification, seed: UInt64(point.number))
        return PlacedHead(exit: point.number, head: head, tap: point.value)
      })
    return (graph, zip(points, logits).map { ($0.number, $1) })
  }

  @Test(arguments: 0..<30) func stagesTogetherAreTheGraph(_ seed: UInt64) throws {
    let (graph, exits) = try network(seed)
    let stages = try graph.stages(at: exits)
    #expect(stages.map(\.exit) == exits.map { Optional($0.exit) } + [nil])
    // Every node that something depends on is in one stage.
    let names = stages.flatMap { stage in stage.graph.nodes.map { stage.graph[$0.outputs[0]].name } }
    let needed = graph.ancestors(of: graph.outputs).nodes.map { graph[graph.nodes[$0].outputs[0]].name }
    #expect(names.sorted() == needed.sorted())

    let inputs = try randomInputs(graph, batch: 2, seed: seed)
    var values: [String: Tensor] = [:]
    for (input, tensor) in zip(graph.inputs, inputs) { values[graph[input.value].name] = tensor }
    for stage in stages {
      let read = try stage.graph.inputs.map { try #require(values[stage.graph[$0.value].name]) }
      for (output, tensor) in zip(stage.graph.outputs, try Reference.run(stage.graph, inputs: read)) {
        // Nothing is given twice.
        #expect(values.updateValue(tensor, forKey: stage.graph[output].name) == nil)
      }
    }
    for (output, expected) in zip(graph.outputs, try Reference.run(graph, inputs: inputs)) {
      #expect(try #require(values[graph[output].name]).isIdentical(to: expected))
    }
  }

  @Test(arguments: 0..<30) func aStageRunsNothingThatOnlyLaterExitsNeed(_ seed: UInt64) throws {
    let (graph, exits) = try network(seed)
    for (stage, exit) in zip(try graph.stages(at: exits), exits) {
      let allowed = Set(graph.ancestors(of: [exit.logits]).nodes.map { graph[graph.nodes[$0].outputs[0]].name })
      #expect(stage.graph.nodes.allSatisfy { allowed.contains(stage.graph[$0.outputs[0]].name) })
      #expect(stage.graph.outputs.first.map { stage.graph[$0].name } == "exit\(exit.exit)")
    }
  }

  @Test func withoutExitsThereIsOneStage() throws {
    let graph = try RandomGraph.make(seed: 3)
    let stages = try graph.stages(at: [])
    #expect(stages.count == 1 && stages[0].exit == nil)
    #expect(stages[0].graph.nodes.count == graph.ancestors(of: graph.outputs).nodes.count)
  }

  /// An output that is ready behind an early exit is given there, and a constant one with the last stage.
  @Test func outputsAreGivenWhereTheyAreReady() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 2, 3, 3]))
    let early = try graph.addNode(.unary(Unary(.relu)), [x], output: "early")
    let late = try graph.addNode(.globalPooling(GlobalPooling(kind: .average)), [early], output: "late")
    let numbers = try graph.addConstant("numbers", Tensor([2], [1, 2] as [Float]))
    for output in [early, late, numbers] { graph.addOutput(output) }
    let head = try Head.random(
      try HeadSpecification(kind: .linear, channels: 2, spatial: [3, 3], classes: 4), seed: 1)
    let logits = try graph.add([PlacedHead(exit: 1, head: head, tap: early)])
    let stages = try graph.stages(at: [(1, logits[0])])
    let given = stages.map { stage in stage.graph.outputs.map { stage.graph[$0].name } }
    #expect(given == [["exit1", "early"], ["late", "numbers"]])
  }
}
