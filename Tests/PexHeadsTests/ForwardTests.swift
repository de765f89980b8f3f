import PexHeads
import PexTensor
import Testing

@Suite struct ForwardTests {
  @Test(arguments: [(1, 1, 2), (7, 5, 3), (24, 6, 10)])
  func linearHeadAgreesWithPlainSums(channels: Int, side: Int, classes: Int) throws {
    let specification = try HeadSpecification(
      kind: .linear, channels: channels, spatial: [side, side], classes: classes)
    let head = try randomHead(specification, seed: 3)
    let tap = randoms(channels * side * side, seed: 4)
    let features = plainPooled(tap.map(Double.init), channels: channels)
    let expected = try plainReadout(head, features)
    #expect(try distance(head.logits(tap), expected) < 1e-5)
  }

  @Test(arguments: [(1, 1, 1, 1), (3, 5, 4, 2), (6, 8, 8, 19), (2, 2, 7, 5)])
  func convolutionalHeadAgreesWithPlainLoops(channels: Int, height: Int, width: Int, hidden: Int) throws {
    let specification = try HeadSpecification(
      kind: .conv, channels: channels, spatial: [height, width], classes: 4, hidden: hidden)
    let head = try randomHead(specification, seed: 5)
    let tap = randoms(channels * height * width, seed: 6)
    let expected = try plainReadout(head, plainPooled(plainConvolution(head, tap), channels: hidden))
    #expect(try distance(head.logits(tap), expected) < 1e-5)
  }

  /// The average and the maximum of every channel of every tap, the head's own last.
  @Test(arguments: [[(1, 2)], [(3, 4), (1, 1)], [(2, 1), (7, 3), (16, 5)]])
  func multitapHeadAgreesWithPlainSums(taps: [(channels: Int, side: Int)]) throws {
    let specification = try HeadSpecification(
      kind: .multitap, channels: 6, spatial: [4, 4], classes: 5,
      earlier: taps.enumerated().map { EarlierTap(exit: 10 - $0, channels: $1.channels) })
    let head = try randomHead(specification, seed: 21)
    let own = randoms(96, seed: 22)
    let earlier = taps.enumerated().flatMap { index, tap in
      plainPooled(
        randoms(tap.channels * tap.side * tap.side, seed: 30 + UInt64(index)).map(Double.init), channels: tap.channels)
    }
    let features = earlier + plainPooled(own.map(Double.init), channels: 6)
    #expect(specification.featureCount == features.count && specification.multiplyAccumulates == 5 * features.count)
    let found = try head.logits(own, earlier: earlier.map(Float.init))
    #expect(try distance(found, plainReadout(head, features)) < 1e-5)
    // Nothing of what it reads may be missing.
    #expect(throws: PexError.self) { try head.logits(own) }
    #expect(throws: PexError.self) { try head.logits(own, earlier: earlier.dropLast().map(Float.init)) }
  }

  @Test func aPrototypeHeadRunsAsALinearOne() throws {
    let specification = try HeadSpecification(kind: .prototype, channels: 4, spatial: [3, 3], classes: 3)
    let head = try randomHead(specification, seed: 23)
    let tap = randoms(36, seed: 24)
    let expected = try plainReadout(head, plainPooled(tap.map(Double.init), channels: 4))
    #expect(try distance(head.logits(tap), expected) < 1e-5)
    var parameters = head.parameters
    parameters[1] = try Tensor([3], [1, -1, 2] as [Float])
    #expect(throws: PexError.self) { try Head(specification, parameters: parameters) }
  }

  @Test func whatReadsEarlierTapsIsMultitap() throws {
    func specification(_ kind: HeadKind, _ earlier: [EarlierTap]) throws -> HeadSpecification {
      try HeadSpecification(kind: kind, channels: 2, spatial: [3, 3], classes: 2, earlier: earlier)
    }
    let tap = EarlierTap(exit: 1, channels: 3)
    #expect(try specification(.multitap, [tap]).featureCount == 10)
    #expect(try specification(.multitap, []).featureCount == 4)
    for kind in HeadKind.allCases where kind != .multitap {
      #expect(throws: PexError.self) { try specification(kind, [tap]) }
    }
    let bad = [
      [tap, EarlierTap(exit: 1, channels: 4)], [EarlierTap(exit: 0, channels: 3)], [EarlierTap(exit: 1, channels: 0)],
      [EarlierTap(exit: 1, channels: HeadSpecification.limit + 1)],
      (1...HeadSpecification.mostEarlierTaps + 1).map { EarlierTap(exit: $0, channels: 1) },
    ]
    for earlier in bad { #expect(throws: PexError.self) { try specification(.multitap, earlier) } }
  }

  @Test func tapsOfAnotherSizeAreRefused() throws {
    for kind in HeadKind.allCases {
      let specification = try HeadSpecification(
        kind: kind, channels: 2, spatial: [3, 3], classes: 2, branch: branchLayers(kind))
      let head = try Head.random(specification, seed: 0)
      #expect(throws: PexError.self) { try head.logits(randoms(17, seed: 0)) }
    }
  }

  @Test(arguments: HeadKind.allCases)
  func limitedHeadKeepsTheLogitsOfItsClasses(kind: HeadKind) throws {
    let earlier = kind == .multitap ? [EarlierTap(exit: 3, channels: 2)] : []
    let specification = try HeadSpecification(
      kind: kind, channels: 9, spatial: [2, 2], classes: 6, earlier: earlier, branch: branchLayers(kind))
    let head = try randomHead(specification, seed: 9)
    let (tap, before) = (randoms(36, seed: 10), randoms(4 * earlier.count, seed: 11))
    let all = try head.logits(tap, earlier: before)
    #expect(try head.limited(to: [4, 0, 5]).logits(tap, earlier: before) == [all[4], all[0], all[5]])
    for classes in [[], [6], [-1], [1, 1]] {
      #expect(throws: PexError.self) { try head.limited(to: classes) }
    }
  }
}
