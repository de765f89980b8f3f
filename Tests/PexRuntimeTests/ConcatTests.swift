import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Concatenations whose parts are computed in their place.
@Suite struct ConcatTests {
  private func check(_ graph: Graph, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try Runs.error(graph, seed: 1) < 1e-5, sourceLocation: sourceLocation)
    #expect(try Runs.isSteady(graph, seed: 2), sourceLocation: sourceLocation)
  }

  /// Whole blocks everywhere: nothing has to be copied. One part short of a block: everything has.
  @Test(arguments: [[16, 32, 16], [16, 32, 17], [16, 17, 16], [1, 1, 1], [8, 16, 8], [100, 4, 16]])
  func partsOfAnyWidth(channels: [Int]) throws {
    for samples: Dimension in [.batch, 2] {
      var sketch = Sketch(seed: 1)
      let x = try sketch.input([samples, 5, 6, 7])
      let parts = try channels.map { try sketch.convolution(x, $0, 3) }
      let whole = try sketch.add(.concat(Concat(axis: 1)), parts)
      try check(sketch.finished(sketch.convolution(whole, 7, 1)))
    }
  }

  @Test func everyAxisAndEveryRank() throws {
    for axis in 1...3 {
      var sketch = Sketch(seed: axis)
      let x = try sketch.convolution(sketch.input([.batch, 5, 6, 7]), 16, 3)
      try check(sketch.finished(sketch.concat(axis, x, sketch.unary(.relu, x), x)))
    }
    var flat = Sketch(seed: 9)
    let y = try flat.input([.batch, 5])
    try check(flat.finished(flat.concat(1, y, flat.unary(.relu, y))))
    var line = Sketch(seed: 10)
    let z = try line.convolution(line.input([.batch, 5, 9]), 16, Window(kernel: [3]))
    try check(line.finished(line.concat(1, z, line.unary(.relu, z))))
    var pixel = Sketch(seed: 11)
    let p = try pixel.convolution(pixel.input([.batch, 5, 3, 3]), 5, Window(kernel: [3, 3]))
    try check(pixel.finished(pixel.concat(1, p, pixel.unary(.relu, p), p)))
  }

  /// Dense blocks: what is joined is a part of the next one.
  @Test(arguments: [16, 12])
  func nestedConcatenations(growth: Int) throws {
    var sketch = Sketch(seed: growth)
    var whole = try sketch.convolution(sketch.input([.batch, 3, 6, 5]), 16, 3)
    for _ in 0..<4 {
      let new = try sketch.convolution(sketch.unary(.relu, sketch.normalization(whole)), growth, 3)
      whole = try sketch.concat(1, whole, new)
    }
    try check(sketch.finished(sketch.unary(.relu, whole)))
  }

  @Test func aValueMayBeJoinedTwice() throws {
    var once = Sketch(seed: 1)
    let x = try once.convolution(once.input([.batch, 3, 6, 5]), 16, 3)
    try check(once.finished(once.concat(1, x, x)))

    var twice = Sketch(seed: 2)
    let y = try twice.convolution(twice.input([.batch, 3, 6, 5]), 16, 3)
    let z = try twice.convolution(y, 16, 3)
    let first = try twice.concat(1, y, z)
    let second = try twice.concat(1, z, y)
    try check(twice.finished(first, twice.concat(1, second, first, y)))
  }

  @Test func partsMayBeInputsConstantsAndResults() throws {
    var sketch = Sketch(seed: 3)
    let x = try sketch.input([.fixed(1), 16, 6, 5])
    let y = try sketch.convolution(x, 16, 3)
    let whole = try sketch.concat(1, x, y, sketch.constant([1, 16, 6, 5]), sketch.unary(.relu, y))
    try check(sketch.finished(y, whole, sketch.convolution(y, 3, 1)))
  }

  @Test func aPartThatIsReadAgainStays() throws {
    var sketch = Sketch(seed: 4)
    let y = try sketch.convolution(sketch.input([.batch, 3, 6, 5]), 16, 3)
    let whole = try sketch.concat(1, y, sketch.convolution(y, 16, 3))
    let reread = try sketch.convolution(sketch.unary(.sigmoid, whole), 16, 3)
    let sum = try sketch.binary(.add, sketch.unary(.relu, y), reread)
    try check(sketch.finished(sketch.convolution(sum, 5, 3)))
  }

  /// A tapped part, and one that lies in another segment than what it is joined to.
  @Test func tappedPartsAreWhatTheInterpreterComputes() throws {
    var sketch = Sketch(seed: 5)
    let a = try sketch.convolution(sketch.input([.batch, 3, 6, 5]), 16, 3)
    let b = try sketch.convolution(sketch.unary(.relu, a), 16, 3)
    let whole = try sketch.concat(1, a, b)
    let end = try sketch.convolution(sketch.unary(.relu, whole), 4, 1)
    let graph = try sketch.finished(end)
    let inputs = try randomInputs(graph, batch: 1, seed: 6)
    let taps = [a, b, whole]
    let expected = try Reference.run(graph, inputs: inputs, keeping: taps + [end])
    for isa in InstructionSet.available {
      for (found, wanted) in zip(try Runs.values(graph, inputs, taps: taps, isa), expected) {
        #expect(relativeError(found, wanted) < 1e-6)
      }
    }
  }

  @Test func partsThatKernelsMakeAreNotCopied() throws {
    var sketch = Sketch(seed: 6)
    let x = try sketch.convolution(sketch.input([.batch, 3, 40, 40]), 32, 3)
    var whole = x
    for _ in 0..<6 { whole = try sketch.concat(1, whole, sketch.convolution(whole, 32, 1)) }
    let graph = try sketch.finished(whole)
    // The input and one block of all channels: parts need no places of their own.
    let size = 1600 * 4
    let sizes = [3, 32 * 7]
    #expect(try ExecutionPlan(graph: graph, taps: []).arenaBytes <= sizes.reduce(0, +) * size + 4096)
  }
}
