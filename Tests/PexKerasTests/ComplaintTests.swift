import PexGraph
import PexKeras
import Testing

/// What people complain of in importers of Keras files, one test each.
@Suite struct ComplaintTests {
  /// Dense layers behind a flattened map get the rows of their kernel in another order.
  @Test(arguments: Fixtures.complaint(25))
  func complaint25FlattenThenDenseAfterChannelsLast(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }

  /// The rows move, not the elements of the map.
  @Test func complaint25NothingIsTransposed() throws {
    let graph = try Fixtures.graph("keras3/complaint25_flatten_dense")
    let linear = try #require(graph.nodes.first { graph[$0.outputs[0]].name == "direct" })
    let flatten = try #require(graph.producer(of: linear.inputs[0]))
    let map = try #require(graph.producer(of: flatten.inputs[0]))
    guard case .linear = linear.operation, case .reshape = flatten.operation else {
      Issue.record("expected reshape and linear, found \(flatten), \(linear)")
      return
    }
    if case .transpose = map.operation { Issue.record("the map is transposed by \(map)") }
  }

  /// With stride 2 and an even extent the only padded element stands behind.
  @Test(arguments: Fixtures.complaint(26))
  func complaint26SamePaddingWithStrideTwo(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }

  @Test func complaint26PaddingIsBehind() throws {
    let graph = try Fixtures.graph("keras3/complaint26_same_stride2")
    let paddings = graph.nodes.compactMap { node -> Padding? in
      if case .convolution(let convolution) = node.operation { convolution.window.padding } else { nil }
    }
    #expect(paddings.contains(.sameUpper))
  }

  /// Names in one attribute or split over several, with suffixes or none, fixed or variable, in bytes or UTF-8.
  @Test(arguments: Fixtures.complaint(27))
  func complaint27HoweverNamesAreStored(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }

  /// Settings that came and went with versions, and classes' old names.
  @Test(arguments: Fixtures.complaint(28))
  func complaint28SettingsOfOtherVersions(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }

  /// Models within models, called several times.
  @Test(arguments: Fixtures.complaint(29))
  func complaint29NestedAndSharedModels(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }

  /// What is called twice is stored once.
  @Test func complaint29SharedWeightsAreStoredOnce() throws {
    let graph = try Fixtures.graph("keras3/shared_model")
    let convolutions = graph.nodes.filter { if case .convolution = $0.operation { true } else { false } }
    #expect(convolutions.count == 2)
    #expect(Set(convolutions.map { $0.inputs[1] }).count == 1)
  }

  /// Scale or shift of a normalisation may be left out, and the file has fewer arrays then.
  @Test(arguments: Fixtures.complaint(30))
  func complaint30NormalizationWithoutGammaOrBeta(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model), model: model) < 1e-4)
  }
}
