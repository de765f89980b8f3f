import PexAllocations
import PexBundle
import PexExits
import PexGraph
import PexHeads
import PexRuntime
import PexTensor
import Testing

/// What a head does besides its arithmetic: nothing.
@Suite struct HeadCostTests {
  /// A network of three blocks, each with an exit point and a branch head that reads all taps and the branch in front.
  private static func session(threads: Int = 1) throws -> Session {
    var sketch = Sketch(seed: 2)
    var map = try sketch.input([.batch, 3, 20, 20])
    for channels in [24, 24, 40] { map = try sketch.unary(.relu, sketch.convolution(map, channels, 3)) }
    let pooled = try sketch.add(.globalPooling(GlobalPooling(kind: .average)), map)
    let flat = try sketch.add(.reshape(Reshape([.batch, 40])), pooled)
    let graph = try sketch.finished(
      sketch.add(.linear(Linear()), flat, sketch.constant([10, 40]), sketch.constant([10])))
    let trunk = try Trunk(graph, exitPoints: ExitPoint.all(in: graph).map(\.value))
    var contents = BundleContents(trunk: trunk)
    var earlier: [EarlierTap] = []
    var front: Branch?
    for point in trunk.exitPoints {
      let channels = trunk.graph[point.value].type.perSample[1]
      let layers = [BranchLayer].separable(channels: channels, spatial: [20, 20])
      let specification = try HeadSpecification(
        kind: .branch, channels: channels, spatial: [20, 20], classes: 7, earlier: earlier, branch: layers)
      var head = try Head.random(specification, seed: 3)
      if let front, let own = head.branch { head = try head.reading([front, own]) }
      contents.exits.append(ExitRecord(exit: point.number, head: head))
      front = head.branch
      earlier = earlier.map { EarlierTap(exit: $0.exit, channels: $0.channels) }
      earlier.append(EarlierTap(exit: point.number, channels: channels, branch: specification.branch))
    }
    return try Session(try Model(try BundleFile(bytes: try contents.encoded())), threads: threads)
  }

  /// No map changes its layout for a head, no tap is pooled twice, and no branch runs twice.
  @Test func everythingIsComputedOnceAndWhereItLies() throws {
    let session = try Self.session()
    session.profiles = true
    let sample = try session.model.syntheticSample()
    let exits = session.heads.entries.map(\.exit)
    #expect(exits.count == 3)
    for _ in 0..<2 {
      _ = try session.run(sample, .all)
      #expect(!session.timings.contains { $0.kernel == "reorder" })
      for exit in exits {
        let steps = session.timings.filter { $0.name.hasPrefix("exit \(exit)") }
        let branch = ["depthwise", "direct", "depthwise", "direct", "depthwise", "direct"]
        #expect(steps.map(\.kernel).sorted() == (branch + ["pool", "head"]).sorted())
      }
    }
  }

  /// A session forgets branches of heads that are gone once there are many, never one that a head behind it still reads.
  @Test(arguments: [510, 511, 512])
  func manyExchangedHeadsChangeNothing(count: Int) throws {
    let sample = try Self.session().model.syntheticSample()
    let expected = try Self.session().run(sample, .all).computed.map(\.logits)
    let session = try Self.session()
    let branch = try #require(session.heads.entries.first?.head.branch)
    try session.taps(sample, at: [1]) { _, tap in
      let features = try tap.features(of: BranchPlan(branch))
      for _ in 1..<count { #expect(try tap.features(of: BranchPlan(branch)) == features) }
    }
    for _ in 0..<2 { #expect(try session.run(sample, .all).computed.map(\.logits) == expected) }
  }

  @Test(.enabled(if: pex_allocations() >= 0, "allocations can be counted"))
  func headsAllocateNoMoreThanTheirAnswers() throws {
    let session = try Self.session()
    let sample = try session.model.syntheticSample()
    let counts = try session.heads.entries.map { entry in
      for _ in 0..<2 { _ = try session.run(sample, .fixed(entry.exit)) }
      let before = pex_allocations()
      _ = try session.run(sample, .fixed(entry.exit))
      return pex_allocations() - before
    }
    // Logits, probabilities and their lists; which taps are read on the way.
    #expect(counts.allSatisfy { $0 <= 16 }, "\(counts)")
  }
}
