import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

@Suite struct OperationTests {
  static func one(_ operation: Operation, _ types: [[Dimension]]) throws -> Graph {
    var graph = Graph()
    let inputs = try types.enumerated().map { try graph.addInput("x\($0)", ValueType(.float32, $1)) }
    graph.addOutput(try graph.addNode(operation, inputs, output: "y"))
    return graph
  }

  @Test(arguments: 0..<200)
  func poolings(seed: Int) throws {
    var draw = Draw(seed: seed)
    let rank = draw.pick(1...6) == 1 ? 1 : 2
    let kernel = (0..<rank).map { _ in draw.pick(1...4) }
    let dilations = kernel.map { _ in draw.pick(from: [1, 1, 2]) }
    let kind: Pooling.Kind = draw.pick(0...1) == 0 ? .maximum : .average
    let reach = kernel.indices.map { (kernel[$0] - 1) * dilations[$0] }
    let paddings: [Padding] = [
      .valid, .sameUpper, .sameLower,
      .explicit(before: reach.map { draw.pick(0...$0) }, after: reach.map { draw.pick(0...$0) }),
    ]
    let window = Window(
      kernel: kernel, strides: kernel.map { _ in draw.pick(1...3) }, dilations: dilations,
      padding: draw.pick(from: paddings), roundsUp: draw.pick(0...1) == 1)
    let pooling = Pooling(kind: kind, window: window, countsPadding: kind == .average && draw.pick(0...1) == 1)
    let spatial = reach.map { Dimension.fixed($0 + 1 + draw.pick(0...20)) }
    // A "same" padding may be as large as the window when it slides further than it reaches: not a pooling then.
    let samples: Dimension = draw.pick(1...4) == 1 ? 3 : .batch
    let channels = Dimension.fixed(draw.pick(from: [1, 2, 5, 8, 9, 16, 17]))
    guard let graph = try? Self.one(.pooling(pooling), [[samples, channels] + spatial]) else { return }
    #expect(try Runs.error(graph, seed: UInt64(seed)) < 2e-6)
    if seed % 4 == 0 { #expect(try Runs.isSteady(graph, seed: UInt64(seed))) }
  }

  @Test(arguments: 0..<100)
  func binariesBroadcast(seed: Int) throws {
    var draw = Draw(seed: seed)
    let extents = (0..<draw.pick(0...4)).map { _ in draw.pick(from: [1, 2, 3, 7, 40]) }
    func operand(_ draw: inout Draw) -> [Dimension] {
      let kept = extents.map { draw.pick(0...2) == 0 ? 1 : $0 }
      return kept.dropFirst(draw.pick(0...kept.count)).map(Dimension.fixed)
    }
    for kind in Binary.Kind.allCases where kind != .power {
      let graph = try Self.one(.binary(Binary(kind)), [operand(&draw), operand(&draw)])
      #expect(try Runs.error(graph, seed: UInt64(seed)) == 0, "\(kind)")
    }
  }

  @Test(arguments: [1, 7, 64, 1000], [1, 5])
  func softmaxOfRows(count: Int, rows: Int) throws {
    for axes in [[Dimension.fixed(rows), .fixed(count)], [.batch, .fixed(rows), .fixed(count)]] {
      let graph = try Self.one(.softmax(Softmax(axis: axes.count - 1)), [axes])
      #expect(try Runs.error(graph, seed: 4) < 1e-6)
    }
    let channels = try Self.one(.softmax(Softmax(axis: 1)), [[.batch, .fixed(count), 1, 1]])
    #expect(try Runs.error(channels, seed: 5) < 1e-6)
  }

  @Test func unaries() throws {
    let kinds: [Unary.Kind] = [
      .relu, .clip(minimum: -0.5, maximum: 1), .sigmoid, .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish,
      .leakyRelu(alpha: 0.01), .elu(alpha: 1), .tanh, .exponential, .absolute, .negative,
      .selu(alpha: 1.67, gamma: 1.05), .celu(alpha: 2), .thresholdedRelu(alpha: 0.5), .swish(alpha: 1),
      .swish(alpha: 1.5), .gelu, .tanhGelu, .mish, .softplus, .softsign, .errorFunction, .floor, .ceil, .round, .sign,
    ]
    for kind in kinds {
      let graph = try Self.one(.unary(Unary(kind)), [[.batch, 3, 71, 43]])
      #expect(try Runs.error(graph, seed: 1) < 3e-7, "\(kind)")
    }
  }

  @Test func exponentialIsAccurateOverItsWholeRange() throws {
    let graph = try Self.one(.unary(Unary(.exponential)), [[20_001]])
    let x = try Tensor([20_001], (0...20_000).map { Float($0) * 0.01 - 100 })
    for isa in InstructionSet.available {
      for (found, x) in zip(try Runs.values(graph, [x], isa)[0].floats, x.floats) {
        let exact = exponential(Double(x))
        if exact > Double(Float.greatestFiniteMagnitude) {
          #expect(found == .infinity)
        } else if exact < Double(Float.leastNormalMagnitude) {
          #expect(found < .leastNormalMagnitude)
        } else {
          #expect(abs(Double(found) - exact) <= 2e-7 * exact, "exp(\(x)) on \(isa.name)")
        }
      }
    }
  }

  @Test func bentFunctionsAreAccurateNearZeroAndFarAway() throws {
    let x = try Tensor([20_001], (0...20_000).map { Float($0) * 0.001 - 10 })
    for (kind, exact) in [(Unary.Kind.tanh, hyperbolicTangent), (.errorFunction, errorFunction)] {
      let graph = try Self.one(.unary(Unary(kind)), [[20_001]])
      for isa in InstructionSet.available {
        for (found, x) in zip(try Runs.values(graph, [x], isa)[0].floats, x.floats) {
          let expected = exact(Double(x))
          #expect(
            abs(Double(found) - expected) <= 3e-7 * min(1, 2 * abs(Double(x))) + 1e-12, "\(kind) \(x) \(isa.name)")
        }
      }
    }
  }

  @Test func notANumberStaysOne() throws {
    for kind in [
      Unary.Kind.relu, .clip(minimum: 0, maximum: 6), .sigmoid, .exponential, .hardSwish, .tanh, .errorFunction, .gelu,
      .elu(alpha: 1),
    ] {
      let graph = try Self.one(.unary(Unary(kind)), [[3]])
      for isa in InstructionSet.available {
        #expect(try Runs.values(graph, [Tensor([3], [1, .nan, -1] as [Float])], isa)[0].floats[1].isNaN, "\(kind)")
      }
    }
  }

  @Test(arguments: 0..<40)
  func movesAndReductions(seed: Int) throws {
    var draw = Draw(seed: seed)
    let samples: Dimension = draw.pick(1...4) == 1 ? 3 : .batch
    let extents: [Dimension] =
      [samples, .fixed(draw.pick(from: [1, 2, 5, 8, 9, 16, 17]))]
      + (0..<2).map { _ in .fixed(draw.pick(1...9)) }
    let permutation = [0] + [1, 2, 3].shuffled(using: &draw.generator)
    let pad = Pad(
      before: [0] + (0..<3).map { _ in draw.pick(0...2) }, after: [0] + (0..<3).map { _ in draw.pick(0...2) }, value: 2)
    var other = extents
    other[2] = .fixed(draw.pick(1...5))
    let graphs = [
      try Self.one(.transpose(Transpose(permutation)), [extents]), try Self.one(.pad(pad), [extents]),
      try Self.one(.concat(Concat(axis: 2)), [extents, other, extents]),
    ]
    for graph in graphs { #expect(try Runs.error(graph, seed: UInt64(seed)) == 0) }
    for kind in Reduce.Kind.allCases {
      for axes in [[2, 3], [3], [1, 2, 3], [1], [1, 3]] {
        let graph = try Self.one(.reduce(Reduce(kind, axes: axes, keepsAxes: draw.pick(0...1) == 1)), [extents])
        // Sums that nearly cancel have no relative accuracy; what is summed is of size 1.
        #expect(try Runs.error(graph, seed: UInt64(seed)) < 1e-4, "\(kind) \(axes)")
      }
    }
    for kind in Pooling.Kind.allCases {
      let spatial: [Dimension] = [13, .fixed(draw.pick(1...40))]
      let graph = try Self.one(.globalPooling(GlobalPooling(kind: kind)), [[samples, extents[1]] + spatial])
      #expect(try Runs.error(graph, seed: UInt64(seed)) < 1e-5)
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (1000, 512), (10, 4099), (33, 64)])
  func fullyConnectedLayers(rows: Int, depth: Int) throws {
    var draw = Draw(seed: rows)
    for (samples, biased) in [(Dimension.batch, true), (3, false)] {
      var graph = Graph()
      let x = try graph.addInput("x", ValueType(.float32, [samples, .fixed(depth)]))
      var operands = [x, try graph.addConstant("w", draw.tensor([rows, depth]))]
      if biased { operands.append(try graph.addConstant("b", draw.tensor([rows]))) }
      let y = try graph.addNode(.linear(Linear()), operands, output: "y")
      graph.addOutput(try graph.addNode(.unary(Unary(.relu)), [y], output: "z"))
      #expect(try Runs.error(graph, seed: 9) < 1e-6 * Float(depth).squareRoot() + 1e-6)
    }
  }

  @Test(arguments: 0..<60)
  func selections(seed: Int) throws {
    var draw = Draw(seed: seed)
    let samples: Dimension = draw.pick(1...4) == 1 ? 3 : .batch
    let extents = (0..<3).map { _ in draw.pick(1...9) }
    let dimensions = [samples] + extents.map(Dimension.fixed)
    var slice = StridedSlice(starts: [0, 0, 0, 0], dimensions: dimensions)
    for (axis, extent) in extents.enumerated() {
      let count = draw.pick(1...extent)
      let step = count > 1 ? draw.pick(1...(extent - 1) / (count - 1)) : 1
      let isBackwards = draw.pick(0...1) == 1
      slice.dimensions[axis + 1] = .fixed(count)
      slice.steps[axis + 1] = isBackwards ? -step : step
      slice.starts[axis + 1] = isBackwards ? extent - 1 : 0
    }
    let axis = draw.pick(1...3)
    let indices = (0..<draw.pick(1...12)).map { _ in draw.pick(0...extents[axis - 1] - 1) }
    let tile = Tile(repeats: [1] + extents.map { _ in draw.pick(1...3) })
    let after = extents.map { _ in draw.pick(1...14) }
    var resize = Resize(
      .nearest, dimensions: [samples] + after.map(Dimension.fixed),
      scales: [1] + zip(after, extents).map { Double($0) / Double($1) },
      coordinates: draw.pick(from: Resize.Coordinates.allCases), rounding: draw.pick(from: Resize.Rounding.allCases))
    resize.extrapolation = 7
    let operations: [Operation] = [
      .slice(slice), .gather(Gather(axis: axis, indices: indices)), .tile(tile), .resize(resize),
    ]
    for operation in operations {
      let graph = try Self.one(operation, [dimensions])
      #expect(try Runs.error(graph, seed: UInt64(seed)) == 0, "\(operation)")
      #expect(try Runs.isSteady(graph, seed: UInt64(seed)), "\(operation)")
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (130, 96), (65, 33)], [1, 64, 100])
  func matricesByOneKnownMatrix(size: (columns: Int, depth: Int), rows: Int) throws {
    var draw = Draw(seed: rows)
    for (extents, isAlone) in [
      ([2, size.depth, size.columns], false), ([1, size.depth, size.columns], true),
      ([size.depth, size.columns], true),
    ] {
      var graph = Graph()
      let x = try graph.addInput("x", ValueType(.float32, [.batch, 2, .fixed(rows), .fixed(size.depth)]))
      let weight = try graph.addConstant("w", draw.tensor(extents))
      let y = try graph.addNode(.matrixProduct(MatrixProduct()), [x, weight], output: "y")
      graph.addOutput(try graph.addNode(.unary(Unary(.relu)), [y], output: "z"))
      let found = try Runs.comparisons(graph, seed: 9)
      for comparison in found {
        #expect(comparison.error < 1e-6 * Float(size.depth).squareRoot() + 1e-6)
        #expect(comparison.kernels.contains("linear") == isAlone)
      }
      #expect(try Runs.isSteady(graph, seed: 9))
    }
  }

  @Test(arguments: [1, 5, 63, 64, 65, 1000], [1, 2])
  func standardization(count: Int, axis: Int) throws {
    let graph = try Self.one(
      .standardization(Standardization(axis: axis, epsilon: 1e-5)), [[.batch, 3, .fixed(count)]])
    #expect(try Runs.error(graph, seed: 2) < 1e-5)
    #expect(try Runs.isSteady(graph, seed: 2))
  }

  @Test func positionsAreWholeNumbers() throws {
    let graph = try Self.one(.argMax(ArgMax(axis: 1, keepsAxis: false)), [[.batch, 4, 2]])
    let x = try Tensor([1, 4, 2], [1, 8, 5, 2, 5, 9, 3, 9] as [Float])
    let found = try Runs.values(graph, [x])[0]
    #expect(found.dtype == .int64)
    #expect(found.shape.dimensions == [1, 2])
    #expect(found.integers == [1, 2])
  }

  @Test func choicesBroadcast() throws {
    let graph = try Self.one(.choice(Choice()), [[3, 1], [.batch, 1, 2], [1]])
    let condition = try Tensor([3, 1], [1, 0, .nan] as [Float])
    let found = try Runs.values(
      graph, [condition, Tensor([1, 1, 2], [5, 6] as [Float]), Tensor([1], [9] as [Float])])[0]
    #expect(found.shape.dimensions == [1, 3, 2])
    #expect(found.floats == [5, 6, 9, 9, 5, 6])
  }
}
