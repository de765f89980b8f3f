import PexGraph
import PexTensor

/// A graph under construction whose names and weights nobody has to think about.
struct Sketch {
  var graph = Graph()
  var draw: Draw
  private var counter = 0

  init(seed: Int) { draw = Draw(seed: seed) }

  private mutating func name(_ word: String) -> String {
    counter += 1
    return "\(word)\(counter)"
  }

  /// A value's extents for one sample.
  func extents(_ id: ValueID) -> [Int] { graph[id].type.perSample }

  mutating func input(_ dimensions: [Dimension]) throws -> ValueID {
    try graph.addInput(name("x"), ValueType(.float32, dimensions))
  }

  /// An input of a value's type.
  mutating func input(like id: ValueID) throws -> ValueID { try input(graph[id].type.dimensions) }

  mutating func constant(_ extents: [Int], scale: Float = 1, around center: Float = 0) throws -> ValueID {
    let numbers = (0..<extents.reduce(1, *)).map { _ in center + scale * draw.generator.normal() }
    return try graph.addConstant(name("w"), Tensor(extents, numbers))
  }

  mutating func add(_ operation: PexGraph.Operation, _ inputs: ValueID...) throws -> ValueID {
    try add(operation, inputs)
  }

  mutating func add(_ operation: PexGraph.Operation, _ inputs: [ValueID]) throws -> ValueID {
    try graph.addNode(operation, inputs, output: name(operation.mnemonic))
  }

  /// A convolution with a bias, whose results are about as large as what it reads.
  mutating func convolution(_ x: ValueID, _ outputs: Int, _ window: Window, groups: Int = 1) throws -> ValueID {
    let channels = extents(x)[1] / groups
    let scale = 1 / Float(channels * window.kernel.reduce(1, *)).squareRoot()
    let weight = try constant([outputs, channels] + window.kernel, scale: scale)
    return try add(
      .convolution(Convolution(window: window, groups: groups)), x, weight, constant([outputs], scale: 0.3))
  }

  /// A square convolution that keeps the map's extents.
  mutating func convolution(_ x: ValueID, _ outputs: Int, _ kernel: Int, groups: Int = 1) throws -> ValueID {
    let window = Window(kernel: [kernel, kernel], padding: kernel == 1 ? .valid : .sameUpper)
    return try convolution(x, outputs, window, groups: groups)
  }

  mutating func unary(_ kind: Unary.Kind, _ x: ValueID) throws -> ValueID { try add(.unary(Unary(kind)), x) }

  mutating func binary(_ kind: Binary.Kind, _ a: ValueID, _ b: ValueID) throws -> ValueID {
    try add(.binary(Binary(kind)), a, b)
  }

  mutating func concat(_ axis: Int, _ parts: ValueID...) throws -> ValueID {
    try add(.concat(Concat(axis: axis)), parts)
  }

  mutating func normalization(_ x: ValueID) throws -> ValueID {
    let channels = [extents(x)[1]]
    let parameters = [
      x, try constant(channels, scale: 0.2, around: 1), try constant(channels), try constant(channels),
      try constant(channels, scale: 0.1, around: 1),
    ]
    return try add(.batchNormalization(BatchNormalization(epsilon: 1e-3)), parameters)
  }

  /// The graph with its outputs, verified.
  mutating func finished(_ outputs: ValueID...) throws -> Graph { try finished(outputs) }

  mutating func finished(_ outputs: [ValueID]) throws -> Graph {
    for output in outputs { graph.addOutput(output) }
    try graph.verify()
    return graph
  }
}
