import PexGraph
import PexTensor
import PexTestSupport

/// Operations with settings, for the tests of what is written.
enum ExportCases {
  /// An operation on an input `x` and constants behind it.
  struct Case: Sendable, CustomStringConvertible {
    let operation: Operation
    let x: [Dimension]
    let constants: [[Int]]

    init(_ operation: Operation, _ x: [Dimension], _ constants: [[Int]] = []) {
      (self.operation, self.x, self.constants) = (operation, x, constants)
    }

    var description: String { "\(operation) on \(x), \(constants)" }

    /// The graph of this one operation.
    func graph() throws -> Graph {
      var graph = Graph()
      var inputs = [try graph.addInput("x", ValueType(.float32, x))]
      var generator = SplitMix64(seed: 7)
      for (index, extents) in constants.enumerated() {
        // Positive, so that a variance may be among them.
        let numbers = (0..<extents.reduce(1, *)).map { _ in abs(generator.normal()) + 0.1 }
        inputs.append(try graph.addConstant("w\(index)", Tensor(extents, numbers)))
      }
      graph.addOutput(try graph.addNode(operation, inputs, output: "y", name: "the node"))
      graph.classifier = try graph.findClassifier()
      try graph.verify()
      return graph
    }

    /// Numbers for the input; positive ones for functions that need them.
    func inputs(_ graph: Graph, batch: Int) throws -> [Tensor] {
      let inputs = try randomInputs(graph, batch: batch, seed: 3)
      switch operation {
      case .unary(Unary(.logarithm)), .unary(Unary(.squareRoot)), .binary(Binary(.power)):
        return try inputs.map { try Tensor($0.shape.dimensions, $0.floats.map(abs)) }
      default: return inputs
      }
    }
  }

  private static let padded = Padding.explicit(before: [1, 0], after: [0, 2])

  /// Settings that are written with one operator and read as the same operation.
  static let direct: [Case] = settings.map { Case($0.0, $0.1, $0.2) } + reductions + binaries + early

  private static let settings: [(Operation, [Dimension], [[Int]])] = [
    (
      .convolution(Convolution(window: Window(kernel: [3, 2], strides: [2, 1], padding: padded))), image,
      [[4, 3, 3, 2]]
    ),
    (
      .convolution(Convolution(window: Window(kernel: [2, 2], padding: .sameLower), groups: 3)), image,
      [[6, 1, 2, 2], [6]]
    ),
    (.convolution(Convolution(window: Window(kernel: [3], dilations: [2]))), [.batch, 3, 8], [[4, 3, 3]]),
    (
      .convolution(Convolution(window: Window(kernel: [2, 2, 2], padding: .sameUpper))), [.batch, 1, 4, 4, 4],
      [[2, 1, 2, 2, 2]]
    ),
    (
      .pooling(Pooling(kind: .maximum, window: Window(kernel: [2, 2], strides: [2, 2], padding: .sameUpper))), image,
      []
    ),
    (
      .pooling(
        Pooling(
          kind: .maximum,
          window: Window(
            kernel: [3, 3], strides: [2, 2], dilations: [2, 1], padding: .explicit(before: [1, 1], after: [1, 1]),
            roundsUp: true))),
      image, []
    ),
    (
      .pooling(
        Pooling(
          kind: .average,
          window: Window(
            kernel: [3, 3], strides: [2, 2], padding: .explicit(before: [1, 1], after: [1, 1])), countsPadding: true)),
      image, []
    ),
    (.globalPooling(GlobalPooling(kind: .average)), image, []),
    (.globalPooling(GlobalPooling(kind: .maximum)), image, []),
    (.batchNormalization(BatchNormalization(epsilon: 0.001953125)), image, [[3], [3], [3], [3]]),
    (.linear(Linear()), [.batch, 5], [[4, 5]]), (.linear(Linear()), [.batch, 5], [[4, 5], [4]]),
    (.concat(Concat(axis: 1)), [1, 3, 2, 2], [[1, 1, 2, 2], [1, 2, 2, 2]]),
    (.reshape(Reshape([.batch, 12, 16])), image, []), (.reshape(Reshape([6, 2])), [3, 4], []),
    (.transpose(Transpose([0, 2, 3, 1])), image, []),
    (.softmax(Softmax(axis: 1)), [.batch, 5], []), (.softmax(Softmax(axis: 2, logarithm: true)), image, []),
    (.pad(Pad(before: [0, 0, 1, 2], after: [0, 1, 0, 3], value: -0.5)), image, []),
    (.identity(Identity()), image, []),
  ]

  private static let reductions: [Case] = [Reduce.Kind.mean, .sum, .maximum, .minimum].flatMap { kind in
    [true, false].map { Case(.reduce(Reduce(kind, axes: [1, 3], keepsAxes: $0)), image) }
  }

  private static let binaries: [Case] = Binary.Kind.allCases
    .filter { $0 != .parametricRelu && !comparisons.contains($0) }.map {
      Case(.binary(Binary($0)), image, [[3, 1, 8]])
    }

  /// ONNX gives truth values, which a cast makes numbers.
  private static let comparisons: [Binary.Kind] = [.less, .equal, .lessOrEqual]

  private static let early: [Case] = functions.map { Case(.unary(Unary($0)), image) }

  private static let image: [Dimension] = [.batch, 3, 8, 8]

  private static let functions: [Unary.Kind] = [
    .relu, .clip(minimum: -0.5, maximum: 0.25), .clip(minimum: -.infinity, maximum: 1),
    .clip(minimum: 0, maximum: .infinity),
    .clip(minimum: -.infinity, maximum: .infinity), .sigmoid, .hardSigmoid(alpha: 0.25, beta: 0.375), .hardSwish,
    .leakyRelu(alpha: 0.125), .elu(alpha: 0.75), .tanh, .exponential, .logarithm, .squareRoot, .absolute, .negative,
  ]

  /// Settings that take several operators, or operators that came later.
  static let derived: [Case] =
    several + products + later + resized + comparisons.map { Case(.binary(Binary($0)), image, [[3, 1, 8]]) }
    + [Case(.choice(Choice()), image, [[3, 1, 8], [8, 1]])]

  private static let several: [Case] = [
    Case(
      .transposedConvolution(
        TransposedConvolution(
          kernel: [3, 2], strides: [2, 3], dilations: [1, 2], before: [1, 0], after: [0, 1], extra: [1, 2])), image,
      [[3, 4, 3, 2], [4]]),
    Case(
      .transposedConvolution(TransposedConvolution(kernel: [3], strides: [2], groups: 2)), [.batch, 4, 5],
      [[4, 3, 3]]),
    Case(
      .lpPooling(LpPooling(exponent: 2, window: Window(kernel: [3, 3], strides: [2, 2], padding: padded))), image),
    Case(.lpPooling(LpPooling(exponent: 3, window: Window(kernel: [2, 2], padding: .sameUpper))), image),
    Case(
      .lpPooling(
        LpPooling(
          exponent: 1.5,
          window: Window(
            kernel: [3, 2], strides: [2, 2], dilations: [2, 1], padding: .explicit(before: [1, 0], after: [1, 1]),
            roundsUp: true))), image),
    Case(
      .localResponseNormalization(LocalResponseNormalization(size: 3, alpha: 0.5, beta: 0.75, bias: 2)),
      [.batch, 5, 4, 3]),
    Case(
      .localResponseNormalization(LocalResponseNormalization(size: 4, alpha: 0.5, beta: 0.75, bias: 1)),
      [.batch, 7, 2, 3]),
    Case(
      .localResponseNormalization(LocalResponseNormalization(size: 3, alpha: 1, beta: 0.5, bias: 1)), [.batch, 6]),
    Case(.standardization(Standardization(axis: 1, epsilon: 1e-3)), image),
    Case(.standardization(Standardization(axis: 3, epsilon: 1e-5)), image),
    Case(.slice(StridedSlice(starts: [0, 2, 7, 1], dimensions: [.batch, 2, 3, 4], steps: [1, -2, -3, 2])), image),
    Case(.slice(StridedSlice(starts: [0, 0, 0, 0], dimensions: [.batch, 3, 8, 8])), image),
    Case(.gather(Gather(axis: 2, indices: [7, 0, 0, 3])), image), Case(.tile(Tile(repeats: [1, 2, 1, 3])), image),
    Case(.argMax(ArgMax(axis: 1, keepsAxis: true)), image),
    Case(.argMax(ArgMax(axis: 3, keepsAxis: false, takesLast: true)), image),
    Case(.matrixProduct(MatrixProduct()), image, [[8, 5]]),
    Case(.matrixProduct(MatrixProduct()), image, [[3, 8, 2]]),
    Case(.binary(Binary(.parametricRelu)), image, [[3, 1, 1]]),
    Case(.binary(Binary(.parametricRelu)), [.batch, 1, 4], [[3, 1]]),
    Case(
      .pooling(
        Pooling(
          kind: .average,
          window: Window(
            kernel: [3, 2], strides: [2, 3], dilations: [2, 3], padding: .explicit(before: [1, 2], after: [3, 1]),
            roundsUp: true), countsPadding: true)), image),
    Case(
      .pooling(
        Pooling(
          kind: .average,
          window: Window(
            kernel: [3, 3], strides: [2, 2], padding: .explicit(before: [1, 1], after: [1, 1]), roundsUp: true),
          countsPadding: true)), image),
  ]

  private static let products: [Case] = [Reduce.Kind.product, .norm]
    .map { Case(.reduce(Reduce($0, axes: [2, 3], keepsAxes: true)), image) }

  private static let later: [Case] = laterFunctions.map { Case(.unary(Unary($0)), image) }

  private static let resized: [Case] =
    Resize.Kind.allCases.flatMap { kind in resizes(kind).map { Case(.resize($0), image) } }
    + [Case(.resize(Resize(.linear, dimensions: [.batch, 2, 7], scales: [1, 1, 1.75])), [.batch, 2, 4])]

  private static let laterFunctions: [Unary.Kind] = [
    .selu(alpha: 1.5, gamma: 1.25), .celu(alpha: 0.75), .thresholdedRelu(alpha: 0.5), .swish(alpha: 1),
    .swish(alpha: 0.5),
    .gelu, .tanhGelu, .mish, .softplus, .softsign, .errorFunction, .reciprocal, .floor, .ceil, .round,
  ]

  /// One axis up and the other down, and both by a factor that f32 does not hold, with every rule for positions.
  private static func resizes(_ kind: Resize.Kind) -> [Resize] {
    let grids: [(extents: [Int], scales: [Double])] = [
      ([16, 6], [2, 0.75]), ([11, 3], [1.375, 0.375]), ([9, 7], [1.2, 0.9]), ([1, 8], [0.125, 1]),
    ]
    var result: [Resize] = []
    for coordinates in Resize.Coordinates.allCases {
      for (extents, scales) in grids {
        var resize = Resize(
          kind, dimensions: [.batch, 3] + extents.map(Dimension.fixed), scales: [1, 1] + scales,
          coordinates: coordinates)
        result.append(resize)
        resize.rounding = .ceil
        (resize.regionStarts, resize.regionEnds) = ([0, 0, -0.25, 0.25], [1, 1, 1.25, 0.75])
        (resize.extrapolation, resize.excludesOutside) = (3, kind == .cubic)
        resize.antialiases = kind != .nearest
        result.append(resize)
      }
    }
    return result
  }
}
