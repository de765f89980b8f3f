import PexHeads
import PexTensor

/// One head of a head file, with the digest of the prefix that it was trained on.
public struct PersonalHead: Sendable {
  /// The number of its exit when it was trained. For people, and for ``PolicyRecord/thresholds``; the digest decides.
  public var exit: Int
  /// What it is bound to: the prefix digest of its tap.
  public var prefixDigest: Digest
  /// The tap's digest without weights: tells other weights from another model when it is refused.
  public var structureDigest: Digest
  /// The prefix digests of the earlier taps that the head reads, in the order of its specification.
  public var earlierDigests: [Digest]
  /// The digests of the branches that the head reads, in its specification's order: the bundle holds them and the head file
  /// does not.
  public var branchDigests: [Digest]
  /// The head. One that came from a file has no branches before it was matched with a bundle.
  public var head: Head
  /// The number that the policy compares with at this exit, when it was chosen on held-out samples.
  public var threshold: Float?
  /// Whether policies and deadlines may take it.
  public var isEnabled: Bool

  /// A head for a bundle's exit point.
  /// - Throws: ``PexError`` (defect) when the trunk has no exit point of that number, or of an earlier tap's, or the head reads
  ///   a branch that it does not have.
  public init(_ head: Head, for trunk: Trunk, exit: Int, threshold: Float? = nil, isEnabled: Bool = true) throws {
    guard let point = trunk.exitPoint(exit), let structure = try trunk.graph.structureDigests(of: [point.value]).first
    else { throw PexError(.defect, "there is no exit point \(exit)") }
    self.exit = exit
    prefixDigest = point.prefixDigest
    structureDigest = structure
    earlierDigests = try head.specification.earlier.map { tap in
      guard let point = trunk.exitPoint(tap.exit) else { throw PexError(.defect, "there is no exit point \(tap.exit)") }
      return point.prefixDigest
    }
    let taps = zip(head.specification.earlier, earlierDigests).filter { $0.0.branch != nil }.map(\.1)
    branchDigests = try zip(head.branches, taps + [point.prefixDigest]).map { try $0.digest(behind: $1) }
    guard branchDigests.count == head.specification.branches.count else {
      throw PexError(.defect, "the head of exit \(exit) lacks branches that it reads")
    }
    self.head = head
    self.threshold = threshold
    self.isEnabled = isEnabled
  }

  init(
    exit: Int, prefixDigest: Digest, structureDigest: Digest, earlierDigests: [Digest], branchDigests: [Digest],
    head: Head, threshold: Float?, isEnabled: Bool
  ) {
    self.exit = exit
    self.prefixDigest = prefixDigest
    self.structureDigest = structureDigest
    self.earlierDigests = earlierDigests
    self.branchDigests = branchDigests
    self.head = head
    self.threshold = threshold
    self.isEnabled = isEnabled
  }
}

/// A `.pexhead` file: one person's heads. It holds no samples; weights can still tell something about them.
public struct HeadFile: Sendable {
  /// The classes that the heads tell apart, unique, in the order of their logits.
  public var classes: [String]
  /// How often the person meets each class: as many numbers of at least 0 as classes, with the sum 1; nil when unknown.
  public var prior: [Float]?
  /// How many classes the trunk's classifier has; 0 when it has none.
  public var baseClassCount: Int
  /// How the trunk that the heads were trained on stores its weights.
  public var trunkStorage: DType
  /// The digest of the preprocessing that the heads were trained with.
  public var preprocessingDigest: Digest
  /// The heads, ascending by exit, each exit and each prefix once.
  public var heads: [PersonalHead]
  /// When to stop, unless the user says otherwise.
  public var policy: PolicyRecord?
  /// The program that wrote the file, as it says itself. Never a path. May be empty.
  public var producer: String

  /// A head file for a bundle. It is checked when it is written.
  /// - Throws: ``PexError`` (malformed) when the contents' preprocessing breaks a rule.
  public init(
    for contents: BundleContents, classes: [String], prior: [Float]? = nil, heads: [PersonalHead],
    policy: PolicyRecord? = nil, producer: String = ""
  ) throws {
    self.classes = classes
    self.prior = prior
    self.heads = heads
    self.policy = policy
    self.producer = producer
    baseClassCount = contents.trunk.classCount ?? 0
    trunkStorage = contents.trunk.storage
    preprocessingDigest = try PreprocessingRecord.digest(of: contents.preprocessing)
  }

  init(_ message: Pex_Heads, heads: [PersonalHead], policy: PolicyRecord?) throws {
    classes = message.classes
    prior = message.prior.isEmpty ? nil : message.prior
    baseClassCount = Int(message.baseClasses)
    trunkStorage = try DType(stored: message.trunkStorage, SectionKind.heads.name)
    preprocessingDigest = try Digest(stored: message.preprocessingDigest, "preprocessing digest", .heads)
    self.heads = heads
    self.policy = policy
    producer = message.producer
  }

  /// Checks everything that the specification asks of a head file's content. Reading and writing both come through
  /// here.
  /// - Throws: ``PexError`` (malformed) naming what is wrong.
  func validate() throws {
    let section = SectionKind.heads.name
    try BundleLimits.require(labels: classes, section)
    try BundleLimits.require(name: producer, section)
    try BundleLimits.require(heads.count, "heads", BundleLimits.exits, section)
    guard (0...HeadSpecification.limit).contains(baseClassCount) else {
      throw BundleFault.value("base classes", expected: "0…\(HeadSpecification.limit)", found: "\(baseClassCount)")
        .error(section)
    }
    if let prior {
      let sum = prior.reduce(0) { $0 + Double($1) }
      guard prior.count == classes.count, prior.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-3 else {
        throw BundleFault.value("prior", expected: "\(classes.count) shares with the sum 1", found: "\(sum)")
          .error(section)
      }
    }
    guard !heads.isEmpty else {
      throw BundleFault.value("heads", expected: "one or more", found: "none").error(section)
    }
    var digests: Set<Digest> = []
    for (index, head) in heads.enumerated() {
      guard head.exit >= 1, index == 0 || heads[index - 1].exit < head.exit, head.exit <= BundleLimits.exits else {
        throw BundleFault.value("heads", expected: "ascending exits", found: "\(head.exit)").error(section)
      }
      guard digests.insert(head.prefixDigest).inserted else {
        throw BundleFault.value("head \(head.exit)", expected: "a prefix of its own", found: "another head's")
          .error(section)
      }
      guard head.earlierDigests.count == head.head.specification.earlier.count else {
        throw BundleFault.value(
          "head \(head.exit)", expected: "a digest for each of \(head.head.specification.earlier.count) earlier taps",
          found: "\(head.earlierDigests.count)"
        ).error(section)
      }
      let own = Set(head.earlierDigests)
      guard own.count == head.earlierDigests.count, !own.contains(head.prefixDigest),
        head.head.specification.earlier.allSatisfy({ $0.exit <= BundleLimits.exits && $0.exit != head.exit })
      else {
        throw BundleFault.value(
          "head \(head.exit)", expected: "earlier taps that are other exit points, each once", found: "others"
        ).error(section)
      }
      guard head.head.specification.classes == classes.count else {
        throw BundleFault.value(
          "head \(head.exit)", expected: "\(classes.count) classes", found: "\(head.head.specification.classes)"
        ).error(section)
      }
      let branches = head.head.specification.branches.count
      guard head.branchDigests.count == branches else {
        throw BundleFault.value(
          "head \(head.exit)", expected: "digests of the \(branches) branches that it reads",
          found: "\(head.branchDigests.count)"
        ).error(section)
      }
      try head.record(checksums: []).validate(section, in: .headFile)
    }
    _ = try policy?.validated(exits: heads.map(\.exit))
  }
}

extension PersonalHead {
  func record(checksums: [UInt32]) -> HeadRecord {
    HeadRecord(
      specification: head.specification, temperature: head.temperature, threshold: threshold, checksums: checksums)
  }
}
