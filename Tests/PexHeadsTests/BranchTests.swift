import PexGraph
import PexHeads
import PexReference
import PexTensor
import Testing

@Suite struct BranchTests {
  static let stacks: [[BranchLayer]] = [
    [BranchLayer(.full, channels: 5, stride: 2)],
    [BranchLayer(.full, channels: 2), BranchLayer(.full, channels: 3, stride: 2)],
    [BranchLayer(.depthwise, channels: 3, stride: 2), BranchLayer(.pointwise, channels: 7)],
    .separable(channels: 3, spatial: [9, 6]),
  ]

  /// Plain loops and the interpreter of graphs, which know nothing of each other.
  @Test(arguments: stacks) func mapsAreThoseOfTheGraph(layers: [BranchLayer]) throws {
    let specification = try BranchSpecification(channels: 3, spatial: [9, 6], layers: layers)
    let branch = try Branch(
      specification,
      parameters: specification.parameters.enumerated().map { index, parameter in
        try Tensor(parameter.dimensions, randoms(parameter.dimensions.reduce(1, *), seed: UInt64(50 + index)))
      })
    let numbers = randoms(3 * 54, seed: 7)
    var graph = Graph()
    let tap = try graph.addInput("tap", ValueType(.float32, [.batch, .fixed(3), .fixed(9), .fixed(6)]))
    let map = try graph.add(branch, on: tap, name: "branch")
    graph.addOutput(map)
    try graph.verify()
    let expected = try Reference.run(graph, inputs: [Tensor([1, 3, 9, 6], numbers)])[0].floats
    let found = try numbers.withUnsafeBufferPointer { try branch.map(tap: $0) }
    #expect(distance(found, expected.map(Double.init)) < 1e-5)
    let output = specification.output
    #expect(graph[map].type.perSample == [1, output.channels, output.height, output.width])
    #expect(specification.multiplyAccumulates == graph.cost().multiplyAccumulates)
  }

  @Test func headsReadTapsThenTheBranch() throws {
    let specification = try HeadSpecification(
      kind: .branch, channels: 3, spatial: [4, 4], classes: 2, earlier: [EarlierTap(exit: 1, channels: 2)],
      branch: [BranchLayer(.full, channels: 5, stride: 2)])
    #expect(specification.featureCount == 4 + 6 + 10 && specification.ownFeatureCount == 16)
    let head = try Head.random(specification, seed: 3)
    let (tap, earlier) = (randoms(48, seed: 8), randoms(4, seed: 9))
    let branch = try #require(head.branch)
    let map = try tap.withUnsafeBufferPointer { try branch.map(tap: $0) }.map { Double($0) }
    let features =
      earlier.map(Double.init) + plainPooled(tap.map(Double.init), channels: 3) + plainPooled(map, channels: 5)
    #expect(try distance(head.logits(tap, earlier: earlier), plainReadout(head, features)) < 1e-5)
    // Nobody has said which branch: nothing is computed.
    #expect(throws: PexError.self) { try head.reading([]).logits(tap, earlier: earlier) }
    let limited = try head.limited(to: [1])
    #expect(try limited.logits(tap, earlier: earlier) == [head.logits(tap, earlier: earlier)[1]])
  }

  /// The branch in front stands behind the tap that it reads; each branch is counted once.
  @Test func headsReadBranchesOfOtherExits() throws {
    let front = try BranchSpecification(
      channels: 2, spatial: [8, 8], layers: [BranchLayer(.full, channels: 7, stride: 2)])
    let specification = try HeadSpecification(
      kind: .branch, channels: 3, spatial: [4, 4], classes: 2,
      earlier: [EarlierTap(exit: 1, channels: 6), EarlierTap(exit: 2, channels: 2, branch: front)],
      branch: [BranchLayer(.full, channels: 5, stride: 2)])
    #expect(specification.featureCount == 12 + (4 + 14) + (6 + 10) && specification.ownFeatureCount == 16)
    #expect(specification.branchExits(at: 9).map(\.exit) == [2, 9])
    let own = try #require(specification.branch)
    #expect(
      specification.convolutionCosts(at: 9) == [2: front.multiplyAccumulates, 9: own.multiplyAccumulates])
    #expect(
      specification.multiplyAccumulates == 2 * 46 + front.multiplyAccumulates + own.multiplyAccumulates)
    let head = try Head.random(specification, seed: 3)
    #expect(head.branches.map(\.specification) == [front, own] && head.branch?.specification == own)
    #expect(throws: PexError.self) { try head.reading(Array(head.branches.reversed())) }
    #expect(throws: PexError.self) { try head.reading([head.branches[1]]) }
    let earlier = randoms(12 + 18, seed: 9)
    let tap = randoms(48, seed: 8)
    let map = try tap.withUnsafeBufferPointer { try head.branches[1].map(tap: $0) }.map { Double($0) }
    let features =
      earlier.map(Double.init) + plainPooled(tap.map(Double.init), channels: 3) + plainPooled(map, channels: 5)
    #expect(try distance(head.logits(tap, earlier: earlier), plainReadout(head, features)) < 1e-5)
    // A branch of other channels than the tap's.
    #expect(throws: PexError.self) {
      try HeadSpecification(
        kind: .branch, channels: 3, spatial: [4, 4], classes: 2,
        earlier: [EarlierTap(exit: 2, channels: 6, branch: front)], branch: own.layers)
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    func specification(_ layers: [BranchLayer], spatial: [Int] = [4, 4]) -> PexError.Kind? {
      do {
        _ = try BranchSpecification(channels: 3, spatial: spatial, layers: layers)
        return nil
      } catch { return (error as? PexError)?.kind }
    }
    #expect(specification([]) == .malformed)
    #expect(specification([BranchLayer(.depthwise, channels: 4)]) == .malformed)
    #expect(specification([BranchLayer(.full, channels: 0)]) == .malformed)
    #expect(specification([BranchLayer(.full, channels: 4, stride: 3)]) == .malformed)
    #expect(specification([BranchLayer(.pointwise, channels: 4, stride: 2)]) == .malformed)
    #expect(specification([BranchLayer(.full, channels: 4)], spatial: [4]) == .unsupported)
    #expect(specification(Array(repeating: BranchLayer(.pointwise, channels: 3), count: 17)) == .malformed)
    #expect(specification([BranchLayer(.full, channels: 1 << 20)], spatial: [1 << 20, 1 << 20]) == .malformed)
    #expect(throws: PexError.self) {
      try HeadSpecification(
        kind: .linear, channels: 3, spatial: [4, 4], classes: 2, branch: [BranchLayer(.full, channels: 4)])
    }
    #expect(throws: PexError.self) { try HeadSpecification(kind: .branch, channels: 3, spatial: [4, 4], classes: 2) }
  }
}
