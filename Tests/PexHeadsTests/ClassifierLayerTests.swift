import PexGraph
import PexHeads
import PexReference
import PexTensor
import Testing

/// The model's own classifier as a head: equal logits before any step.
@Suite struct ClassifierLayerTests {
  enum Way: CaseIterable { case globalPooling, mean, window, convolution }

  private func numbers(_ count: Int, _ seed: UInt64) -> [Float] { randoms(count, seed: seed) }

  /// A tap of 4 channels over 3x3, its averages by one way or another, and a layer to 5 classes.
  private func graph(_ way: Way, activated: Bool = false) throws -> (graph: Graph, tap: ValueID) {
    var graph = Graph()
    let tap = try graph.addInput("tap", ValueType(.float32, [.batch, .fixed(4), .fixed(3), .fixed(3)]))
    var value: ValueID
    switch way {
    case .globalPooling, .convolution:
      value = try graph.addNode(.globalPooling(GlobalPooling(kind: .average)), [tap], output: "averages")
    case .mean:
      value = try graph.addNode(.reduce(Reduce(.mean, axes: [2, 3], keepsAxes: false)), [tap], output: "averages")
    case .window:
      let pooling = Pooling(kind: .average, window: Window(kernel: [3, 3]))
      value = try graph.addNode(.pooling(pooling), [tap], output: "averages")
    }
    if activated { value = try graph.addNode(.unary(Unary(.sigmoid)), [value], output: "activated") }
    let bias = try graph.addConstant("bias", try Tensor([5], numbers(5, 2)))
    if way == .convolution {
      let weight = try graph.addConstant("weight", try Tensor([5, 4, 1, 1], numbers(20, 1)))
      value = try graph.addNode(
        .convolution(Convolution(window: Window(kernel: [1, 1]), groups: 1)), [value, weight, bias], output: "map")
      value = try graph.addNode(.reshape(Reshape([.batch, .fixed(5)])), [value], output: "logits")
    } else {
      if graph[value].type.rank == 4 {
        value = try graph.addNode(.reshape(Reshape([.batch, .fixed(4)])), [value], output: "flat")
      }
      let weight = try graph.addConstant("weight", try Tensor([5, 4], numbers(20, 1)))
      value = try graph.addNode(.linear(Linear()), [value, weight, bias], output: "logits")
    }
    graph.addOutput(value)
    graph.classifier = Classifier(output: value, kind: .logits, logits: value)
    try graph.verify()
    return (graph, tap)
  }

  @Test(arguments: Way.allCases) func logitsAreTheModels(_ way: Way) throws {
    let (graph, tap) = try graph(way)
    let layer = try #require(graph.classifierLayer(reading: tap))
    let weight = (0..<5).flatMap { layer.weight[$0 * 4..<($0 + 1) * 4] + [0, 0, 0, 0] }
    let specification = try HeadSpecification(kind: .linear, channels: 4, spatial: [3, 3], classes: 5)
    let head = try Head(specification, parameters: [Tensor([5, 8], Array(weight)), Tensor([5], layer.bias)])
    let map = numbers(36, 9)
    let expected = try Reference.run(graph, inputs: [Tensor([1, 4, 3, 3], map)])[0].floats
    let found = try map.withUnsafeBufferPointer { try head.logits(tap: $0) }
    #expect(distance(found, expected.map(Double.init)) < 1e-6)
  }

  @Test func whatComputesMoreIsNoLayer() throws {
    let (graph, tap) = try graph(.globalPooling, activated: true)
    #expect(graph.classifierLayer(reading: tap) == nil)
  }
}
