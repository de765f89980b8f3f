import PexBundle
import PexExits
import PexHeads
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Heads that read several taps get the same features whichever other exits run, and on any number of threads.
@Suite struct MultitapTests {
  private static let seeds = (0..<40).map(UInt64.init)

  /// A bundle of a network with a head at each of its exit points; deeper ones read what is in front of them.
  /// - Parameter chained: whether heads have branches where they can, and read the one in front of them.
  private func bundle(
    seed: UInt64, chained: Bool = false, _ reads: (_ depth: Int, [ExitPointRecord]) -> [ExitPointRecord]
  ) throws -> BundleFile {
    var contents = try makeBundle(seed: seed).contents
    let points = contents.trunk.exitPoints.sorted {
      ($0.multiplyAccumulates, $0.number) < ($1.multiplyAccumulates, $1.number)
    }
    func shape(_ point: ExitPointRecord) throws -> (channels: Int, spatial: [Int]) {
      let tap = try #require(contents.trunk.graph[point.value].type.tap)
      return (tap.channels, tap.spatial)
    }
    let classes = contents.trunk.classCount ?? 3
    var made: [Int: Head] = [:]
    contents.exits = try points.enumerated().map { depth, point in
      let front = chained && depth > 0 ? made[points[depth - 1].number] : nil
      let (channels, spatial) = try shape(point)
      let isBranch = chained && spatial.count == 2
      let earlier = try reads(depth, Array(points[..<depth])).map { earlier in
        EarlierTap(
          exit: earlier.number, channels: try shape(earlier).channels,
          branch: isBranch && earlier.number == points[depth - 1].number ? front?.specification.branch : nil)
      }
      let specification = try HeadSpecification(
        kind: isBranch ? .branch : .multitap, channels: channels, spatial: spatial, classes: classes, earlier: earlier,
        branch: isBranch ? [BranchLayer(.full, channels: 5, stride: 2)] : [])
      var head = try Head.random(specification, seed: seed + UInt64(point.number))
      if specification.branches.count == 2 {
        head = try head.reading([#require(front?.branch), #require(head.branch)])
      }
      made[point.number] = head
      return ExitRecord(exit: point.number, head: head)
    }.sorted { $0.exit < $1.exit }
    return try BundleFile(bytes: try contents.encoded())
  }

  /// What every head gives on taps that were computed one by one.
  private func expected(_ bundle: BundleFile, _ sample: [Tensor]) throws -> [Int: [Float]] {
    let session = try Session(try Model(bundle), threads: 1)
    var pooled: [Int: [Float]] = [:]
    var logits: [Int: [Float]] = [:]
    try session.taps(sample, at: bundle.contents.trunk.exitPoints.map(\.number)) { exit, tap in
      let head = try #require(session.heads[exit]?.head)
      let earlier = head.specification.earlier.flatMap { (pooled[$0.exit] ?? []).prefix($0.featureCount) }
      let branch = try head.branch.map { try tap.features(of: BranchPlan($0)) } ?? []
      let own = try tap.pooled() + branch
      pooled[exit] = own
      logits[exit] = try head.logits(features: earlier + own)
    }
    return logits
  }

  private func check(_ bundle: BundleFile) throws {
    let model = try Model(bundle)
    let sample = try model.syntheticSample()
    let expected = try expected(bundle, sample)
    for threads in [1, 2] {
      let session = try Session(model, threads: threads)
      for entry in session.heads.entries {
        let alone = try session.run(sample, .fixed(entry.exit))
        #expect(alone.computed.map(\.logits) == [expected[entry.exit] ?? []], "exit \(entry.exit) alone")
      }
      let policy = PolicyRecord(.patience, 65536)
      for choice in [ExitChoice.all, .policy(policy)] {
        let answer = try session.run(sample, choice)
        var seen = 0
        for case (.exit(let exit), let found) in answer.computed.map({ ($0.exit, $0.logits) }) {
          #expect(found == expected[exit], "exit \(exit) among others")
          seen += 1
        }
        #expect(seen == expected.count)
      }
      // A policy that is content at once has read no tap behind that exit.
      let first = try session.run(sample, .policy(PolicyRecord(.confidence, 0)))
      let shallowest = try #require(session.heads.entries.first)
      let cost =
        Double(shallowest.head.specification.multiplyAccumulates) / Double(max(model.cost.multiplyAccumulates, 1))
      #expect(first.computed.count == 1)
      #expect(abs(first.macsFraction - model.prefixShare(.exit(shallowest.exit)) - cost) < 1e-9)
    }
  }

  /// A branch that two heads read is computed and counted once.
  @Test func headsReadTheBranchInFront() throws {
    let seeds = try Self.seeds.filter { try makeBundle(seed: $0).contents.trunk.exitPoints.count >= 3 }.prefix(4)
    var shared = 0
    for seed in seeds {
      let bundle = try bundle(seed: seed, chained: true) { _, points in points }
      try check(bundle)
      let model = try Model(bundle)
      let session = try Session(model, threads: 1)
      let heads = session.heads.entries.map { ($0.exit, $0.head.specification) }
      shared += heads.count { $0.1.branches.count == 2 }
      var branches: [Int: Int] = [:]
      for (exit, head) in heads { branches.merge(head.convolutionCosts(at: exit)) { first, _ in first } }
      let expected = heads.reduce(branches.values.reduce(0, +)) { $0 + $1.1.readoutMultiplyAccumulates }
      let answer = try session.run(try model.syntheticSample(), .all)
      let total = Double(max(model.cost.multiplyAccumulates, 1))
      #expect(abs(answer.macsFraction - (1 + Double(expected) / total)) < 1e-9)
    }
    #expect(shared >= 3)
  }

  @Test func logitsDependOnTheSampleAlone() throws {
    let deep = try Self.seeds.filter { try makeBundle(seed: $0).contents.trunk.exitPoints.count >= 3 }.prefix(4)
    #expect(deep.count == 4)
    for seed in deep {
      try check(bundle(seed: seed) { _, before in before })
      // Some taps alone, and not in the order of depth: the order is the head's.
      try check(bundle(seed: seed) { depth, before in depth % 2 == 0 ? before.suffix(2).reversed() : [] })
    }
  }

  @Test func aHeadAloneReadsTapsWithoutHeads() throws {
    let full = try bundle(seed: deepSeed) { _, before in before }
    let deepest = try #require(try Session(try Model(full), threads: 1).heads.entries.last)
    var contents = full.contents
    contents.exits.removeAll { $0.exit != deepest.exit }
    let model = try Model(try BundleFile(bytes: try contents.encoded()))
    let sample = try model.syntheticSample()
    let expected = try expected(full, sample)
    for threads in [1, 2] {
      let answer = try Session(model, threads: threads).run(sample, .fixed(deepest.exit))
      #expect(answer.answering?.logits == expected[deepest.exit])
    }
  }
}
