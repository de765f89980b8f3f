import PexGraph
import PexTensor

/// Draws graphs in which steps that want blocked maps meet steps that want plain values, with every way of joining,
/// broadcasting and reading values again.
struct MixedGraph {
  private var sketch: Sketch
  private var maps: [ValueID] = []
  private let samples: Dimension

  /// The graph of a seed: some fifteen nodes; one to four outputs.
  static func make(_ seed: Int) throws -> Graph {
    var maker = MixedGraph(seed)
    return try maker.build()
  }

  private init(_ seed: Int) {
    sketch = Sketch(seed: seed)
    samples = sketch.draw.pick(from: [.batch, .batch, 1, 2, 3])
  }

  private mutating func build() throws -> Graph {
    // Some maps are large enough for Winograd's algorithm.
    let isLarge = sketch.draw.pick(1...10) == 1
    let extents: [Dimension] =
      isLarge ? [20, 18] : (0..<2).map { _ in .fixed(sketch.draw.pick(from: [1, 2, 4, 5, 7])) }
    for _ in 0..<sketch.draw.pick(1...2) {
      maps.append(try sketch.input([samples, .fixed(sketch.draw.pick(from: [1, 3, 5, 8, 16, 19, 32]))] + extents))
    }
    for _ in 0..<sketch.draw.pick(6...18) {
      let x = pick()
      let y = try step(x)
      if sketch.extents(y).reduce(1, *) < 14_000 { maps.append(y) }
    }
    var outputs: [ValueID] = []
    for _ in 0..<sketch.draw.pick(1...4) {
      let value = sketch.draw.pick(from: maps)
      outputs.append(sketch.draw.pick(0...3) == 0 ? try flattened(value) : value)
    }
    if let last = maps.last { outputs.append(last) }
    return try sketch.finished(Array(Set(outputs)).sorted())
  }

  /// A recent value more often than an old one.
  private mutating func pick() -> ValueID {
    maps[max(sketch.draw.pick(0...maps.count - 1), sketch.draw.pick(0...maps.count - 1))]
  }

  private func channels(_ x: ValueID) -> Int { sketch.extents(x)[1] }

  private func spatial(_ x: ValueID) -> [Dimension] { Array(sketch.graph[x].type.dimensions.dropFirst(2)) }

  private mutating func step(_ x: ValueID) throws -> ValueID {
    switch sketch.draw.pick(0...20) {
    case 0, 1, 2: return try convolution(x)
    case 3: return try sketch.convolution(x, channels(x), 3, groups: channels(x))
    case 4: return try pooled(x)
    case 5, 6: return try elementwise(x)
    case 7: return try sketch.normalization(x)
    case 8, 9, 10: return try joinedChannels(x)
    case 11: return try sketch.concat(sketch.draw.pick(2...3), x, x)
    case 12, 13: return try sketch.binary(sum(), x, partner(of: x))
    case 14: return try sketch.binary(sum(), broadcast(to: x), x)
    case 15: return try sketch.binary(.multiply, x, gate(of: x))
    case 16: return try sketch.add(.transpose(Transpose([0] + [1, 2, 3].shuffled(using: &sketch.draw.generator))), x)
    case 17: return try padded(x)
    case 18: return try sketch.add(.softmax(Softmax(axis: sketch.draw.pick(1...3))), x)
    case 19: return try reshaped(x)
    default:
      // Not the minimum: that of absolute values is as small as errors are.
      let kind = sketch.draw.pick(from: [Reduce.Kind.maximum, .mean])
      return try sketch.add(
        .reduce(Reduce(kind, axes: sketch.draw.pick(from: [[2, 3], [3], [1]]), keepsAxes: true)), x)
    }
  }

  /// Neither products of two maps nor quotients: numbers stay near 1, and so do errors.
  private mutating func sum() -> Binary.Kind { sketch.draw.pick(from: [.add, .add, .subtract, .maximum, .minimum]) }

  private mutating func convolution(_ x: ValueID) throws -> ValueID {
    let y = try sketch.convolution(
      x, sketch.draw.pick(from: [3, 8, 16, 17, 24, 32]), sketch.draw.pick(from: [1, 3, 3]))
    return sketch.draw.pick(0...1) == 0
      ? y : try sketch.draw.pick(from: ActivationBehind.allCases).applied(to: y, in: &sketch)
  }

  private mutating func elementwise(_ x: ValueID) throws -> ValueID {
    try sketch.unary(sketch.draw.pick(from: [.relu, .sigmoid, .hardSwish, .tanh, .absolute, .negative]), x)
  }

  private mutating func pooled(_ x: ValueID) throws -> ValueID {
    let window = Window(kernel: [2, 2], padding: .sameUpper)
    return try sketch.add(.pooling(Pooling(kind: sketch.draw.pick(from: Pooling.Kind.allCases), window: window)), x)
  }

  /// Along the channels: with itself, with others of the same extents, or with a fresh one.
  private mutating func joinedChannels(_ x: ValueID) throws -> ValueID {
    let fitting = maps.filter { spatial($0) == spatial(x) }
    var parts = [x]
    for _ in 0..<sketch.draw.pick(1...3) { parts.append(sketch.draw.pick(from: fitting)) }
    if sketch.draw.pick(0...2) == 0 { parts[parts.count - 1] = try convolution(x) }
    return try sketch.add(.concat(Concat(axis: 1)), parts.shuffled(using: &sketch.draw.generator))
  }

  /// Another value of the same extents, if there is one, or the value itself.
  private mutating func partner(of x: ValueID) throws -> ValueID {
    sketch.draw.pick(from: maps.filter { sketch.graph[$0].type == sketch.graph[x].type })
  }

  private mutating func broadcast(to x: ValueID) throws -> ValueID {
    let extents = sketch.extents(x)
    let shapes = [
      [1, extents[1], 1, 1], [extents[1], 1, 1], [extents[2], extents[3]], [extents[3]], [1], [],
      [1, 1, extents[2], 1], [1] + extents.dropFirst(), [1, extents[1], 1, extents[3]], [extents[1], extents[2], 1],
    ]
    return try sketch.constant(sketch.draw.pick(from: shapes))
  }

  /// A number between 0 and 1 for each channel of each sample, as in squeeze and excitation.
  private mutating func gate(of x: ValueID) throws -> ValueID {
    let pooled = try sketch.add(.globalPooling(GlobalPooling(kind: sketch.draw.pick(from: Pooling.Kind.allCases))), x)
    let inner = sketch.draw.pick(0...1) == 0 ? pooled : try sketch.convolution(pooled, channels(x), 1)
    return try sketch.unary(.sigmoid, inner)
  }

  private mutating func padded(_ x: ValueID) throws -> ValueID {
    let before = [0] + (0..<3).map { _ in sketch.draw.pick(0...1) }
    let after = [0] + (0..<3).map { _ in sketch.draw.pick(0...1) }
    return try sketch.add(.pad(Pad(before: before, after: after, value: 0.5)), x)
  }

  /// The same elements as other channels and pixels.
  private mutating func reshaped(_ x: ValueID) throws -> ValueID {
    let extents = sketch.extents(x)
    let shape = sketch.draw.pick(from: [
      [extents[1] * extents[2], extents[3], 1], [1, extents[1], extents[2] * extents[3]],
      [extents[1] * extents[2] * extents[3], 1, 1], [extents[1], extents[3], extents[2]],
      [extents[1], extents[2], extents[3]],
    ])
    return try sketch.add(.reshape(Reshape([samples] + shape.map(Dimension.fixed))), x)
  }

  private mutating func flattened(_ x: ValueID) throws -> ValueID {
    let count = sketch.extents(x).dropFirst().reduce(1, *)
    return try sketch.add(.reshape(Reshape([samples, .fixed(count)])), x)
  }
}
