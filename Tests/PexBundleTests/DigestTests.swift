import PexBundle
import PexGraph
import PexTensor
import Testing

/// What prefix digests depend on and what they do not; and the refusals that follow from them.
@Suite struct DigestTests {
  private func digests(_ options: Tiny.Options) throws -> [Digest] {
    try Tiny.trunk(options).exitPoints.map(\.prefixDigest)
  }

  @Test func namesOrderAndLaterLayersDoNotMatter() throws {
    let expected = try digests(.init())
    #expect(expected.count == 2 && expected[0] != expected[1])
    #expect(try digests(.init(valuePrefix: "x/")) == expected)
    #expect(try digests(.init(nodePrefix: "y/")) == expected)
    #expect(try digests(.init(branchesSwapped: true)) == expected)
    #expect(try digests(.init(laterLayers: true)) == expected)
    #expect(try digests(.init(withClassifier: false)) == expected)
    #expect(try Tiny.trunk(.init(laterLayers: true)).digest != Tiny.trunk().digest)
  }

  @Test func everyChangeOfThePrefixMatters() throws {
    let expected = try digests(.init())
    let others: [Tiny.Options] = [
      .init(seed: 8), .init(flippedBit: true), .init(half: true), .init(padding: 0), .init(layout: .channelsLast),
    ]
    for options in others {
      for (found, expected) in zip(try digests(options), expected) { #expect(found != expected) }
    }
  }

  @Test func digestsAreWhatTheyWere() throws {
    // Computed apart from this code, from Schemas/BUNDLE.md. A change means that no head file in
    // the world fits any more.
    #expect(try digests(.init()).map { String($0.description.prefix(16)) } == ["93168c289531dc48", "a81988b76f4ab3b4"])
  }

  @Test func structureIgnoresWeightsAlone() throws {
    func structure(_ options: Tiny.Options) throws -> [Digest] {
      let (graph, points) = try Tiny.graph(options)
      return try graph.structureDigests(of: points)
    }
    let expected = try structure(.init())
    #expect(try structure(.init(seed: 8)) == expected)
    #expect(try structure(.init(half: true)) == expected)
    #expect(try structure(.init(padding: 0)) != expected)
  }

  @Test func costsOfPrefixesAreStored() throws {
    let trunk = try Tiny.trunk()
    #expect(trunk.exitPoints.map(\.multiplyAccumulates) == [36 * 3 * 20, 36 * 3 * 20 + 9 * 4 * 27])
  }

  @Test func refusalsSayWhy() throws {
    let heads = try Tiny.heads(Tiny.contents())
    func refusal(_ options: Tiny.Options) throws -> PexError? {
      let contents = try Tiny.contents(options)
      return failure { _ = try heads.match(contents) }
    }
    #expect(try refusal(.init()) == nil)
    #expect(try refusal(.init(valuePrefix: "z/", laterLayers: true)) == nil)
    let storage = try refusal(.init(half: true))
    #expect(storage?.kind == .refused && storage?.message.contains("the f32 storage of this model, found f16") == true)
    let weights = try refusal(.init(seed: 8))
    #expect(weights?.kind == .refused && weights?.message.contains("other weights") == true)
    let trunk = try refusal(.init(padding: 0))
    #expect(trunk?.kind == .refused && trunk?.message.contains("another trunk") == true)
  }

  @Test func otherPreprocessingIsRefused() throws {
    var contents = try Tiny.contents()
    let heads = try Tiny.heads(contents)
    contents.preprocessing?.mean[0] = 0.75
    #expect(failure { _ = try heads.match(contents) }?.kind == .refused)
    contents.preprocessing = nil
    #expect(failure { _ = try heads.match(contents) }?.message.contains("preprocessing") == true)
  }

  @Test func oneHeadThatDoesNotFitRefusesAll() throws {
    let heads = try Tiny.heads(Tiny.contents())
    let (graph, points) = try Tiny.graph()
    let contents = BundleContents(trunk: try Trunk(graph, exitPoints: [points[0]]))
    #expect(failure { _ = try heads.match(contents) }?.kind == .refused)
  }

  @Test func exitPointsMayBeNumberedOtherwise() throws {
    let source = try Tiny.contents()
    var heads = try Tiny.heads(source)
    heads.heads.removeFirst()
    let (graph, points) = try Tiny.graph()
    let trunk = try Trunk(graph, exitPoints: [points[1]], named: [points[0]])
    let contents = BundleContents(trunk: trunk, preprocessing: source.preprocessing)
    #expect(try heads.match(contents).map(\.exitPoint.number) == [1])
    #expect(try BundleFile(bytes: contents.encoded()).contents.trunk.exitPoints.map(\.isNamed) == [false, true])
  }
}
