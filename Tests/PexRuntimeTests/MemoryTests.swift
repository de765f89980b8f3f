import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

@Suite struct MemoryTests {
  /// Residual blocks one behind the other, and the value behind each of them.
  static func chain(_ length: Int) throws -> (graph: Graph, taps: [ValueID]) {
    var sketch = Sketch(seed: length)
    var x = try sketch.convolution(sketch.input([.batch, 3, 20, 20]), 32, 3)
    var taps: [ValueID] = []
    for _ in 0..<length {
      let inner = try sketch.convolution(sketch.unary(.relu, sketch.convolution(x, 32, 3)), 32, 3)
      x = try sketch.unary(.relu, sketch.binary(.add, inner, x))
      taps.append(x)
    }
    let pooled = try sketch.add(.globalPooling(GlobalPooling(kind: .average)), x)
    return (try sketch.finished(pooled), taps)
  }

  @Test func memoryDoesNotGrowWithDepth() throws {
    for isa in InstructionSet.available {
      let sizes = try [3, 10, 40].map { try ExecutionPlan(graph: Self.chain($0).graph, taps: [], instructionSet: isa) }
      #expect(Set(sizes.map(\.arenaBytes)).count == 1)
      #expect(Set(sizes.map(\.scratchBytes)).count == 1)
    }
  }

  @Test func tapsGiveTheirMemoryBack() throws {
    let map = 32 * 400 * 4
    for isa in InstructionSet.available {
      let plans = try [3, 10, 40].map { length in
        let (graph, taps) = try Self.chain(length)
        return try ExecutionPlan(graph: graph, taps: taps, instructionSet: isa)
      }
      #expect(Set(plans.map(\.arenaBytes)).count == 1)
      let untapped = try ExecutionPlan(graph: Self.chain(3).graph, taps: [], instructionSet: isa)
      #expect(plans[0].arenaBytes <= untapped.arenaBytes + map)
    }
  }

  @Test func resultsKeepTheirMemory() throws {
    var (graph, taps) = try Self.chain(10)
    let plain = try ExecutionPlan(graph: graph).arenaBytes
    for tap in taps { graph.addOutput(tap) }
    #expect(try ExecutionPlan(graph: graph).arenaBytes >= plain + 8 * 32 * 400 * 4)
  }

  @Test func tooMuchMemoryIsRefusedWithTheNumberOfBytes() throws {
    let (graph, _) = try Self.chain(3)
    for isa in InstructionSet.available {
      let plan = try ExecutionPlan(graph: graph, taps: [], instructionSet: isa)
      let bytes = plan.arenaBytes + plan.scratchBytes
      #expect(throws: Never.self) {
        try ExecutionPlan(graph: graph, taps: [], memoryLimit: bytes, instructionSet: isa)
      }
      let error = try #require(throws: PexError.self) {
        try ExecutionPlan(graph: graph, taps: [], memoryLimit: bytes - 1, instructionSet: isa)
      }
      #expect(error.kind == .unsupported)
      #expect(error.message.contains("\(bytes) bytes") && error.message.contains("\(bytes - 1)"))
    }
  }
}
