import PexBundle
import PexGraph
import PexHeads
import PexTensor

/// A network, a bundle and a head file small enough to damage every byte of.
enum Tiny {
  /// What a test may change about the network.
  struct Options {
    var valuePrefix = ""
    var nodePrefix = ""
    var branchesSwapped = false
    var seed: UInt64 = 7
    var flippedBit = false
    var half = false
    var padding = 1
    var laterLayers = false
    var layout = InputLayout.channelsFirst
    var withClassifier = true
  }

  /// Two branches that are added up, a second convolution, and a classifier of three classes. Gives the values that are
  /// exit points.
  static func graph(_ options: Options = Options()) throws -> (graph: Graph, points: [ValueID]) {
    var graph = Graph()
    var random = SplitMix64(seed: options.seed)
    func tensor(_ dimensions: [Int]) throws -> Tensor {
      try Tensor(dimensions, (0..<dimensions.reduce(1, *)).map { _ in 0.3 * random.normal() })
    }
    func named(_ name: String) -> String { options.valuePrefix + name }
    func node(_ operation: Operation, _ inputs: [ValueID], _ name: String) throws -> ValueID {
      try graph.addNode(operation, inputs, output: named(name), name: options.nodePrefix + name)
    }
    let input = try graph.addInput(named("image"), ValueType(.float32, [.batch, 2, 6, 6]), layout: options.layout)
    var first = try tensor([3, 2, 3, 3])
    if options.flippedBit {
      first = try Tensor(.float32, first.shape) { bytes in
        first.withBytes { bytes.copyMemory(from: $0) }
        bytes[5] ^= 1
      }
    }
    let weights = [first, try tensor([3, 2, 1, 1]), try tensor([4, 3, 3, 3]), try tensor([3, 4]), try tensor([3])]
    let constants = try weights.enumerated().map { try graph.addConstant(named("weight\($0)"), $1) }
    let padded = Window(
      kernel: [3, 3], padding: .explicit(before: [options.padding, 1], after: [2 - options.padding, 1]))
    func left() throws -> ValueID {
      try node(.convolution(Convolution(window: padded)), [input, constants[0]], "left")
    }
    func right() throws -> ValueID {
      try node(.convolution(Convolution(window: Window(kernel: [1, 1]))), [input, constants[1]], "right")
    }
    let branches: [ValueID]
    if options.branchesSwapped {
      let last = try right()
      branches = [try left(), last]
    } else {
      branches = [try left(), try right()]
    }
    let sum = try node(.binary(Binary(.add)), branches, "sum")
    let relu = try node(.unary(Unary(.relu)), [sum], "relu")
    let strided = Window(kernel: [3, 3], strides: [2, 2], padding: .sameUpper)
    let deep = try node(.convolution(Convolution(window: strided)), [relu, constants[2]], "deep")
    let clipped = try node(.unary(Unary(.clip(minimum: 0, maximum: 6))), [deep], "clipped")
    let pooled = try node(.globalPooling(GlobalPooling(kind: .average)), [clipped], "pooled")
    let flat = try node(.reshape(Reshape([.batch, 4])), [pooled], "flat")
    var logits = try node(.linear(Linear()), [flat, constants[3], constants[4]], "logits")
    if options.laterLayers { logits = try node(.unary(Unary(.tanh)), [logits], "later") }
    graph.addOutput(logits)
    if options.withClassifier { graph.classifier = Classifier(output: logits, kind: .logits, logits: logits) }
    if options.half {
      for id in constants {
        guard let tensor = graph[id].constant else { continue }
        try graph.restoreConstant(id, as: tensor.asFloat16())
      }
    }
    return (graph, [relu, clipped])
  }

  /// The smallest bundle: the example of `Schemas/BUNDLE.md`.
  static func smallest() throws -> BundleContents {
    var graph = Graph()
    let input = try graph.addInput("x", ValueType(.float32, [.batch, 1, 2, 2]))
    let output = try graph.addNode(.unary(Unary(.relu)), [input], output: "y")
    graph.addOutput(output)
    return BundleContents(trunk: try Trunk(graph, exitPoints: [output]))
  }

  static func trunk(_ options: Options = Options()) throws -> Trunk {
    let (graph, points) = try graph(options)
    return try Trunk(graph, exitPoints: points)
  }

  static func specification(_ trunk: Trunk, _ exit: Int, _ kind: HeadKind = .linear) throws -> HeadSpecification {
    guard let point = trunk.exitPoint(exit), let map = trunk.graph[point.value].type.featureMap else {
      throw PexError(.defect, "no exit point \(exit)")
    }
    return try HeadSpecification(
      kind: kind, channels: map.channels, spatial: map.spatial, classes: 3, hidden: kind == .conv ? 2 : nil)
  }

  /// A bundle that has something in every section.
  static func contents(_ options: Options = Options()) throws -> BundleContents {
    let trunk = try trunk(options)
    let head = try Head.random(specification(trunk, 1), seed: 3)
    return BundleContents(
      trunk: trunk,
      exits: [
        ExitRecord(exit: 1, head: head, threshold: 0.75),
        ExitRecord(exit: 2, specification: try specification(trunk, 2, .conv)),
      ],
      labels: ["cat", "dog", "été"],
      preprocessing: PreprocessingRecord(
        resize: 8, cropHeight: 6, cropWidth: 6, scale: 1 / 255, mean: [0.5, 0.25, 0.125],
        standardDeviation: [0.5, 0.5, 2]),
      policy: PolicyRecord(.confidence, 0.8, thresholds: [.init(exit: 2, threshold: 0.875)]), producer: "a test")
  }

  /// A head file with both kinds of heads.
  static func heads(_ contents: BundleContents) throws -> HeadFile {
    let trunk = contents.trunk
    let first = try Head(
      specification(trunk, 1), parameters: Head.random(specification(trunk, 1), seed: 11).parameters, temperature: 1.5)
    return try HeadFile(
      for: contents, classes: ["cat", "dog", "my own cat"], prior: [0.25, 0.25, 0.5],
      heads: [
        PersonalHead(first, for: trunk, exit: 1, threshold: 0.5),
        PersonalHead(Head.random(specification(trunk, 2, .conv), seed: 12), for: trunk, exit: 2, isEnabled: false),
      ], policy: PolicyRecord(.margin, 0.25), producer: "a test")
  }
}

/// The kind of the error that `body` throws, or nil.
func failure(_ body: () throws -> Void) -> PexError? {
  do { try body() } catch { return error as? PexError }
  return nil
}
