import PexGraph
import PexTensor

/// Draws small networks that hold every pattern the passes and the planner look for.
public struct RandomGraph {
  private var generator: SplitMix64
  private var graph = Graph()
  private var maps: [ValueID] = []
  private var counter = 0

  /// The network of a seed: one input `[N,C,H,W]`, one output `[N,classes]`, some twenty nodes.
  public static func make(seed: UInt64) throws -> Graph {
    var maker = RandomGraph(generator: SplitMix64(seed: seed))
    return try maker.build()
  }

  private init(generator: SplitMix64) { self.generator = generator }

  private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  private mutating func name(_ word: String) -> String {
    counter += 1
    return "\(word)\(counter)"
  }

  private mutating func constant(_ extents: [Int], scale: Float = 0.5, around center: Float = 0) throws -> ValueID {
    let numbers = (0..<extents.reduce(1, *)).map { _ in center + scale * generator.normal() }
    return try graph.addConstant(name("w"), Tensor(extents, numbers))
  }

  private mutating func build() throws -> Graph {
    let extent = pick(5...11)
    maps = [
      try graph.addInput(
        "image", ValueType(.float32, [.batch, .fixed(pick(1...4)), .fixed(extent), .fixed(extent + 1)]))
    ]
    for _ in 0..<pick(6...16) {
      let previous = try last()
      maps.append(try step(previous))
    }
    let pooled = try graph.addNode(.globalPooling(GlobalPooling(kind: .average)), [try last()], output: name("pool"))
    let channels = graph[pooled].type.perSample[1]
    let flat = try graph.addNode(.reshape(Reshape([.batch, .fixed(channels)])), [pooled], output: name("flat"))
    let logits = try graph.addNode(
      .linear(Linear()), [flat, try constant([3, channels]), try constant([3])], output: "logits")
    graph.addOutput(logits)
    graph.classifier = try graph.findClassifier()
    try graph.verify()
    return graph
  }

  private func last() throws -> ValueID {
    guard let value = maps.last else { throw PexError(.defect, "no value yet") }
    return value
  }

  private mutating func step(_ x: ValueID) throws -> ValueID {
    switch pick(0...9) {
    case 0, 1, 2: return try normalized(try convolution(x))
    case 3: return try convolution(x)
    case 4: return try graph.addNode(.identity(Identity()), [x], output: name("identity"))
    case 5:
      let sum = try graph.addNode(
        .binary(Binary(.add)), [try constant([1]), try constant([1])], output: name("folds"))
      return try graph.addNode(.binary(Binary(.multiply)), [x, sum], output: name("scaled"))
    case 6: return try dense(x)
    case 7:
      let inner = try normalized(try convolution(x, like: x))
      let joined = try graph.addNode(.binary(Binary(.add)), [inner, x], output: name("residual"))
      return try graph.addNode(.unary(Unary(.relu)), [joined], output: name("relu"))
    case 8:
      _ = try convolution(x)
      return try graph.addNode(.unary(Unary(.hardSwish)), [x], output: name("swish"))
    default: return try normalized(x)
    }
  }

  private mutating func convolution(_ x: ValueID, like target: ValueID? = nil) throws -> ValueID {
    let type = graph[x].type
    let channels = type.perSample[1]
    let outputs = target == nil ? pick(1...5) : channels
    let kernel = target == nil ? pick(1...3) : 3
    let stride = target == nil && type.perSample[2] > 4 ? pick(1...2) : 1
    let padding: Padding = target == nil && kernel < 3 ? .sameLower : .explicit(before: [1, 1], after: [1, 1])
    let window = Window(kernel: [kernel, kernel], strides: [stride, stride], padding: kernel == 1 ? .valid : padding)
    var inputs = [x, try constant([outputs, channels, kernel, kernel])]
    if pick(0...1) == 1 { inputs.append(try constant([outputs])) }
    return try graph.addNode(.convolution(Convolution(window: window)), inputs, output: name("conv"))
  }

  private mutating func normalized(_ x: ValueID) throws -> ValueID {
    let channels = graph[x].type.perSample[1]
    let inputs = [
      x, try constant([channels], around: 1), try constant([channels]), try constant([channels]),
      try constant([channels], scale: 0.05, around: 1),
    ]
    let y = try graph.addNode(
      .batchNormalization(BatchNormalization(epsilon: 1e-3)), inputs, output: name("norm"))
    return pick(0...1) == 0 ? y : try graph.addNode(.unary(Unary(.relu)), [y], output: name("relu"))
  }

  private mutating func dense(_ x: ValueID) throws -> ValueID {
    var features = [x]
    var joined = x
    for _ in 0..<2 {
      joined = try graph.addNode(.concat(Concat(axis: 1)), features, output: name("concat"))
      let channels = graph[joined].type.perSample[1]
      features.append(
        try graph.addNode(
          .convolution(Convolution(window: Window(kernel: [1, 1]))), [joined, try constant([2, channels, 1, 1])],
          output: name("growth")))
    }
    return try graph.addNode(.concat(Concat(axis: 1)), features, output: name("concat"))
  }
}

/// max|a-b| / max|b|: the error measure used everywhere.
public func relativeError(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  let difference = zip(a.floats, b.floats).map { abs($0 - $1) }.max() ?? 0
  let largest = b.floats.map(abs).max() ?? 0
  return largest == 0 ? difference : difference / largest
}

/// Numbers for a graph's inputs, `batch` samples.
public func randomInputs(_ graph: Graph, batch: Int, seed: UInt64) throws -> [Tensor] {
  var generator = SplitMix64(seed: seed)
  return try graph.inputs.map { input in
    let extents = graph[input.value].type.dimensions.map { $0 == .batch ? batch : $0.perSample }
    return try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in generator.normal() })
  }
}
