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

  @Test func activationsAreWhatTheForwardPassComputes() throws {
    for kind in HeadKind.allCases {
      let specification = try HeadSpecification(kind: kind, channels: 5, spatial: [6, 7], classes: 3)
      let head = try randomHead(specification, seed: 7)
      let tap = randoms(5 * 42, seed: 8)
      let activations = try tap.withUnsafeBufferPointer { try head.activations(tap: $0) }
      #expect(activations.logits == (try head.logits(tap)))
    }
  }

  @Test func tapsOfAnotherSizeAreRefused() throws {
    for kind in HeadKind.allCases {
      let head = try Head.random(HeadSpecification(kind: kind, channels: 2, spatial: [3, 3], classes: 2), seed: 0)
      #expect(throws: PexError.self) { try head.logits(randoms(17, seed: 0)) }
      #expect(throws: PexError.self) {
        try randoms(17, seed: 0).withUnsafeBufferPointer { try head.activations(tap: $0) }
      }
    }
  }

  @Test func limitedHeadKeepsTheLogitsOfItsClasses() throws {
    let specification = try HeadSpecification(kind: .linear, channels: 9, spatial: [2, 2], classes: 6)
    let head = try randomHead(specification, seed: 9)
    let tap = randoms(36, seed: 10)
    let all = try head.logits(tap)
    #expect(try head.limited(to: [4, 0, 5]).logits(tap) == [all[4], all[0], all[5]])
    for classes in [[], [6], [-1], [1, 1]] {
      #expect(throws: PexError.self) { try head.limited(to: classes) }
    }
  }
}
