import PexData
import PexGraph
import PexTensor
import Testing

/// Arithmetic inside a model that makes other numbers of levels.
@Suite struct OwnNormalisationTests {
  /// A network of one layer behind what `body` puts in front of it.
  private func graph(_ body: (inout Graph, ValueID) throws -> ValueID) throws -> Graph {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 3, 4, 4]))
    let levels = try body(&graph, x)
    graph.addOutput(
      try graph.addNode(.globalPooling(GlobalPooling(kind: .average)), [levels], output: "y"))
    return graph
  }

  private func binary(
    _ kind: Binary.Kind, _ numbers: [Float], _ name: String, _ graph: inout Graph, _ value: ValueID
  ) throws -> ValueID {
    let constant = try graph.addConstant(name + "_numbers", Tensor([numbers.count, 1, 1], numbers))
    return try graph.addNode(.binary(Binary(kind)), [value, constant], output: name)
  }

  @Test func arithmeticInFrontIsFollowed() throws {
    let graph = try graph { graph, x in
      let scaled = try binary(.divide, [255], "scaled", &graph, x)
      return try binary(.subtract, [0.4, 0.5, 0.6], "centred", &graph, scaled)
    }
    let own = try #require(OwnNormalisation(graph))
    #expect(own.value == "centred")
    #expect(abs(own.ends.black + 0.5) < 1e-6 && abs(own.ends.white - 0.5) < 1e-6)
    #expect(!own.expectsUnitLevels)
  }

  /// Torchvision's numbers inside a model are for levels from 0 to 1.
  @Test func arithmeticForUnitLevelsIsTold() throws {
    let graph = try graph { graph, x in
      let centred = try binary(.subtract, [0.485, 0.456, 0.406], "centred", &graph, x)
      return try binary(.divide, [0.229, 0.224, 0.225], "spread", &graph, centred)
    }
    #expect(try #require(OwnNormalisation(graph)).expectsUnitLevels)
  }

  @Test func quantisingTheInputIsNoNormalisation() throws {
    let graph = try graph { graph, x in
      let steps = try binary(.divide, [0.02], "steps", &graph, x)
      return try graph.addNode(.unary(Unary(.round)), [steps], output: "rounded")
    }
    #expect(OwnNormalisation(graph) == nil)
  }

  @Test func aNetworkThatBeginsWithALayerHasNone() throws {
    #expect(OwnNormalisation(try graph { _, x in x }) == nil)
  }
}
