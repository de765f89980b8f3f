import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Synchronization
import Testing

@Suite struct PlanTests {
  @Test(arguments: 0..<80)
  func wholeNetworksAreWhatTheInterpreterComputes(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    #expect(try Runs.error(graph, seed: UInt64(seed)) < 2e-5)
  }

  @Test(arguments: 0..<40)
  func tapsAndThreadsChangeNoByte(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let inputs = try randomInputs(graph, batch: 1, seed: 2)
    let all = graph.nodes.flatMap(\.outputs)
    let reference = try Runs.values(graph, inputs, taps: all)
    for threads in 1...3 {
      for step in [1, 3, 5] {
        let taps = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let found = try Runs.values(graph, inputs, taps: taps, threads: threads)
        for (place, tensor) in found.dropLast().enumerated() {
          #expect(tensor.isIdentical(to: reference[place * step]))
        }
        #expect(found.last?.isIdentical(to: reference[reference.count - 1]) == true)
      }
    }
  }

  private static func chain() throws -> (graph: Graph, taps: [ValueID]) {
    let graph = try Graph.parse(
      """
      input %x: f32[N,1,4,4]
      constant %w1: f32[2,1,3,3] = values 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 9.0 8.0 7.0 6.0 5.0 4.0 3.0 2.0 1.0
      constant %w2: f32[1,2,1,1] = values 1.0 -1.0
      %a = convolution(%x, %w1) {kernel=[3,3], strides=[1,1], dilations=[1,1], padding=same_upper, rounds_up=0, groups=1}
      %b = unary(%a) {kind=relu}
      %c = convolution(%b, %w2) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}
      %d = unary(%c) {kind=relu}
      output %d
      """)
    return (graph, [try #require(graph.value(named: "b"))])
  }

  @Test func whatLiesBehindATapIsNeverPacked() throws {
    let (graph, taps) = try Self.chain()
    let plan = try ExecutionPlan(graph: graph, taps: taps)
    let seen = Mutex<[String]>([])
    let weights = try PackedWeights(plan: plan) { id in seen.withLock { $0.append(graph[id].name) } }
    let executors = try (0..<2).map { _ in try Executor(weights: weights, pool: ThreadPool(threads: 1)) }
    let inputs = try randomInputs(graph, batch: 1, seed: 1)
    for executor in executors {
      try executor.load(inputs: inputs)
      try executor.run(segment: 0)
    }
    #expect(seen.withLock { $0 } == ["w1"])
    #expect(weights.isPacked(segment: 0) && !weights.isPacked(segment: 1))
    for executor in executors { try executor.run(segment: 1) }
    #expect(seen.withLock { $0 } == ["w1", "w2"])
    #expect(try executors[0].value(graph.outputs[0]).isIdentical(to: executors[1].value(graph.outputs[0])))
  }

  @Test func damagedWeightsEndTheRunEveryTime() throws {
    let (graph, taps) = try Self.chain()
    let plan = try ExecutionPlan(graph: graph, taps: taps)
    let weights = try PackedWeights(plan: plan) { id in
      if graph[id].name == "w2" { throw PexError(.malformed, "damaged") }
    }
    let executor = try Executor(weights: weights, pool: ThreadPool(threads: 1))
    for _ in 0..<2 {
      try executor.load(inputs: randomInputs(graph, batch: 1, seed: 1))
      try executor.run(segment: 0)
      #expect(throws: PexError(.malformed, "weight 'w2': damaged")) { try executor.run(segment: 1) }
      #expect(throws: PexError.self) { try executor.value(graph.outputs[0]) }
    }
  }

  @Test func segmentsRunInTheirOrder() throws {
    let (graph, taps) = try Self.chain()
    let executor = try Executor(plan: ExecutionPlan(graph: graph, taps: taps), threads: 1)
    #expect(throws: PexError.self) { try executor.run(segment: 0) }
    try executor.load(inputs: randomInputs(graph, batch: 1, seed: 1))
    #expect(throws: PexError.self) { try executor.run(segment: 1) }
    #expect(throws: PexError.self) { try executor.value(taps[0]) }
    try executor.load(inputs: randomInputs(graph, batch: 1, seed: 1))
    executor.profiles = true
    try executor.run(segment: 0)
    #expect(throws: PexError.self) { try executor.value(graph.outputs[0]) }
    #expect(try executor.value(taps[0]).shape.dimensions == [1, 2, 4, 4])
    #expect(executor.timings.map(\.mnemonic) == ["convolution+unary"])
    #expect(executor.timings.map(\.multiplyAccumulates) == [16 * 18])
  }

  @Test func wrongInputsAreRefused() throws {
    let (graph, _) = try Self.chain()
    let executor = try Executor(plan: ExecutionPlan(graph: graph), threads: 1)
    #expect(throws: PexError.self) { try executor.load(inputs: []) }
    #expect(throws: PexError.self) { try executor.load(inputs: [Tensor(repeating: 0, [1, 1, 4, 5])]) }
    #expect(throws: PexError.self) { try executor.load(inputs: [Tensor(repeating: 0, [2, 1, 4, 4])]) }
    let integers = try Tensor([1, 1, 4, 4], [Int64](repeating: 0, count: 16))
    #expect(throws: PexError.self) { try executor.load(inputs: [integers]) }
  }

  @Test func memoryIsBoundedBeforeItIsTaken() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 1_048_576, 1_048_576]))
    graph.addOutput(try graph.addNode(.unary(Unary(.relu)), [x], output: "y"))
    #expect(throws: PexError.self) { try ExecutionPlan(graph: graph) }
    let (small, _) = try Self.chain()
    #expect(throws: PexError.self) { try ExecutionPlan(graph: small, memoryLimit: 100) }
  }

  /// What a hostile file can declare without holding any numbers.
  @Test(arguments: [
    "x: f32[N,1,1,99999999999]; {kind=average, kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid",
    "x: f32[N,1,1,1]; {kind=maximum, kernel=[16777216,16777216], strides=[1,1], dilations=[1,1], padding=same_upper",
    "x: f32[N,1,1,40]; {kind=average, kernel=[1,2], strides=[1,16777216], dilations=[1,16777216], padding=same_upper",
  ])
  func hugeWindowsAreErrors(_ declared: String) throws {
    let parts = declared.split(separator: ";")
    let graph = try Graph.parse(
      """
      input %\(parts[0])
      %y = pooling(%x)\(parts[1]), rounds_up=0, counts_padding=0}
      output %y
      """)
    // Either is right, as long as nothing traps: a plan within the limit, or an error.
    let plan = try? ExecutionPlan(graph: graph, taps: [], memoryLimit: 1 << 28)
    #expect((plan?.arenaBytes ?? 0) + (plan?.scratchBytes ?? 0) <= 1 << 28)
  }

  @Test func placesAreUsedAgain() throws {
    var graph = Graph()
    var y = try graph.addInput("x", ValueType(.float32, [.batch, 1000]))
    for index in 0..<50 { y = try graph.addNode(.unary(Unary(.sigmoid)), [y], output: "y\(index)") }
    graph.addOutput(y)
    #expect(try ExecutionPlan(graph: graph).arenaBytes <= 3 * 4096)
  }

  @Test func halfWeightsAndConstantsThatAreGivenOut() throws {
    var (graph, _) = try Self.chain()
    let weight = try #require(graph.value(named: "w1"))
    try graph.restoreConstant(weight, as: #require(graph[weight].constant).asFloat16())
    graph.addOutput(weight)
    let inputs = try randomInputs(graph, batch: 1, seed: 1)
    let found = try Runs.values(graph, inputs)
    let expected = try Reference.run(graph, inputs: inputs)
    #expect(relativeError(found[0], expected[0]) < 1e-6)
    #expect(found[1].floats == expected[1].floats)
  }

  @Test func denormalsAreFlushedInARunAndComeBack() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [2]))
    graph.addOutput(try graph.addNode(.binary(Binary(.add)), [x, x], output: "y"))
    let tiny = Float.leastNonzeroMagnitude
    #expect(try Runs.values(graph, [Tensor([2], [tiny, 1])])[0].floats == [0, 2])
    #expect([tiny].map { $0 * 2 }[0] > 0)
  }
}
