import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Steps that write their result over what they read, when nobody reads that again.
@Suite struct InPlaceTests {
  /// Blocked maps, and plain values.
  static let starts = [true, false]

  private func start(_ sketch: inout Sketch, blocked: Bool) throws -> ValueID {
    let x = try sketch.input([.batch, 19, 6, 5])
    return blocked ? try sketch.convolution(x, 19, 3) : x
  }

  private func check(_ graph: Graph, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try Runs.error(graph, seed: 1) < 1e-5, sourceLocation: sourceLocation)
    #expect(try Runs.isSteady(graph, seed: 2), sourceLocation: sourceLocation)
    // The second sample must find the executor as the first one did.
    let (plan, inputs) = (try ExecutionPlan(graph: graph), try randomInputs(graph, batch: 1, seed: 3))
    let executor = try Executor(plan: plan, threads: 1)
    var seen: [Tensor] = []
    for _ in 0..<2 {
      try executor.load(inputs: inputs)
      for segment in 0..<plan.segmentCount { try executor.run(segment: segment) }
      seen.append(try executor.value(graph.outputs[0]))
    }
    #expect(seen[0].isIdentical(to: seen[1]), sourceLocation: sourceLocation)
  }

  @Test(arguments: starts)
  func whatIsReadLaterIsNotOverwritten(blocked: Bool) throws {
    var sketch = Sketch(seed: 1)
    let x = try start(&sketch, blocked: blocked)
    let active = try sketch.unary(.relu, x)
    let shifted = try sketch.unary(.negative, active)
    let normal = try sketch.normalization(x)
    try check(sketch.finished(sketch.binary(.add, sketch.binary(.subtract, shifted, normal), x)))
  }

  @Test(arguments: starts)
  func resultsAreNotOverwritten(blocked: Bool) throws {
    var sketch = Sketch(seed: 2)
    let x = try start(&sketch, blocked: blocked)
    let y = try sketch.unary(.sigmoid, x)
    let z = try sketch.unary(.hardSwish, y)
    try check(sketch.finished(x, y, z, sketch.normalization(z)))
  }

  @Test(arguments: starts)
  func aValueMayMeetItself(blocked: Bool) throws {
    for kind: Binary.Kind in [.add, .subtract, .multiply, .maximum] {
      var sketch = Sketch(seed: 3)
      let x = try start(&sketch, blocked: blocked)
      let doubled = try sketch.binary(kind, x, x)
      try check(sketch.finished(sketch.binary(.add, sketch.unary(.relu, doubled), doubled)))
    }
  }

  /// The right operand, and one that is broadcast, must not be where the result goes.
  @Test(arguments: starts)
  func operandsOfEveryExtent(blocked: Bool) throws {
    var sketch = Sketch(seed: 4)
    let x = try start(&sketch, blocked: blocked)
    let pooled = try sketch.add(.globalPooling(GlobalPooling(kind: .average)), x)
    let constant = try sketch.constant([1, 19, 1, 1])
    let outer = try sketch.binary(.subtract, pooled, x)
    let inner = try sketch.binary(.subtract, sketch.unary(.relu, x), pooled)
    let difference = try sketch.binary(.subtract, constant, sketch.binary(.subtract, outer, inner))
    try check(sketch.finished(sketch.binary(.divide, difference, sketch.constant([1], scale: 0.1, around: 3))))
  }

  @Test(arguments: starts)
  func chainsOfStepsInOnePlace(blocked: Bool) throws {
    var sketch = Sketch(seed: 5)
    var y = try start(&sketch, blocked: blocked)
    for kind: Unary.Kind in [.leakyRelu(alpha: 0.2), .sigmoid, .negative, .hardSwish, .absolute] {
      y = try sketch.normalization(sketch.unary(kind, y))
    }
    let graph = try sketch.finished(y)
    try check(graph)
  }

  /// What lies in the same memory under other extents dies with its last reader, not with the first.
  @Test func reshapedValuesAreNotOverwrittenEither() throws {
    var sketch = Sketch(seed: 6)
    let x = try sketch.unary(.sigmoid, sketch.input([.batch, 19, 6, 5]))
    let flat = try sketch.add(.reshape(Reshape([.batch, 570])), x)
    let active = try sketch.unary(.negative, x)
    let other = try sketch.unary(.hardSwish, flat)
    let back = try sketch.add(.reshape(Reshape([.batch, 19, 6, 5])), other)
    try check(sketch.finished(sketch.binary(.add, active, back)))
  }

  @Test(arguments: starts)
  func tapsAreNotOverwrittenBeforeTheyAreRead(blocked: Bool) throws {
    var sketch = Sketch(seed: 7)
    var taps = [try start(&sketch, blocked: blocked)]
    for kind: Unary.Kind in [.relu, .sigmoid, .negative, .hardSwish] {
      if let last = taps.last { taps.append(try sketch.unary(kind, last)) }
    }
    let graph = try sketch.finished(sketch.unary(.absolute, taps[4]))
    let inputs = try randomInputs(graph, batch: 1, seed: 8)
    let expected = try Reference.run(graph, inputs: inputs, keeping: taps + graph.outputs)
    for isa in InstructionSet.available {
      for (found, wanted) in zip(try Runs.values(graph, inputs, taps: taps, isa), expected) {
        #expect(relativeError(found, wanted) < 1e-6)
      }
    }
  }

  @Test func aChainNeedsTheMemoryOfOneMap() throws {
    var sketch = Sketch(seed: 8)
    var y = try sketch.input([.batch, 16, 32, 32])
    for _ in 0..<10 { y = try sketch.normalization(sketch.unary(.sigmoid, y)) }
    #expect(try ExecutionPlan(graph: sketch.finished(y)).arenaBytes == 16 * 1024 * 4)
  }
}
