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
  /// The digest of the whole trunk; nil where nothing of it but the prefixes of heads has a part in an answer.
  public var trunkDigest: Digest?
  /// The heads, ascending by exit, each exit and each prefix once.
  public var heads: [PersonalHead]
  /// Base heads of the bundle that stand beside them, at other exits; ascending.
  public var baseHeads: [BaseHeadUse] = []
  /// What answers when no exit was sure enough; nil in files of before version 7: the deepest head where it stands on the last
  /// exit point or knows a class that the classifier lacks, else the classifier.
  public var lastResort: LastResort?
  /// When to stop, unless the user says otherwise.
  public var policy: PolicyRecord?
  /// The program that wrote the file, as it says itself. Never a path. May be empty.
  public var producer: String
  /// Where the file comes from; nil when nobody says.
  public var origin: HeadFileOrigin?

  /// A head file for a bundle. It is checked when it is written.
  /// - Throws: ``PexError`` (malformed) when the contents' preprocessing breaks a rule.
  public init(
    for contents: BundleContents, classes: [String], prior: [Float]? = nil, heads: [PersonalHead],
    baseHeads: [BaseHeadUse] = [], lastResort: LastResort? = nil, policy: PolicyRecord? = nil, producer: String = "",
    origin: HeadFileOrigin? = nil
  ) throws {
    self.classes = classes
    self.prior = prior
    self.heads = heads
    self.baseHeads = baseHeads
    self.lastResort = lastResort
    self.policy = policy
    self.producer = producer
    self.origin = origin
    trunkDigest = lastResort?.asksClassifier == true ? contents.trunk.digest : nil
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
    trunkDigest = message.trunkDigest.isEmpty ? nil : try Digest(stored: message.trunkDigest, "trunk digest", .heads)
    self.heads = heads
    baseHeads = try message.baseHeads.map(BaseHeadUse.init)
    lastResort = message.hasLastResort ? LastResort(message.lastResort) : nil
    self.policy = policy
    producer = message.producer
    origin = message.hasOrigin ? try HeadFileOrigin(message.origin) : nil
  }

  /// The numbers of all exits that have a head here, ascending.
  var exits: [Int] { (heads.map(\.exit) + baseHeads.map(\.exit)).sorted() }

  /// The version of the format that first had everything in the file.
  var since: UInt32 {
    let isNew = lastResort != nil || !baseHeads.isEmpty || origin != nil || trunkDigest != nil
    return max(isNew ? 7 : 1, heads.map(\.head.specification.since).max() ?? 1)
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
    guard lastResort != nil || !heads.isEmpty else {
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
      try validate(head, section)
    }
    try validateLastResort(section)
    try validateBaseHeads(&digests, section)
    _ = try origin?.validated()
    _ = try policy?.validated(exits: exits)
  }

  private func validate(_ head: PersonalHead, _ section: String) throws {
    let specification = head.head.specification
    func fault(_ expected: String, _ found: String) -> PexError {
      BundleFault.value("head \(head.exit)", expected: expected, found: found).error(section)
    }
    guard head.earlierDigests.count == specification.earlier.count else {
      throw fault("a digest for each of \(specification.earlier.count) earlier taps", "\(head.earlierDigests.count)")
    }
    let own = Set(head.earlierDigests)
    guard own.count == head.earlierDigests.count, !own.contains(head.prefixDigest),
      specification.earlier.allSatisfy({ $0.exit <= BundleLimits.exits && $0.exit != head.exit })
    else { throw fault("earlier taps that are other exit points, each once", "others") }
    // What adds to the classifier's logits may speak of the last classes alone.
    let mayBeFewer = lastResort?.asksClassifier == true && head.exit == lastResort?.exit
    guard specification.classes == classes.count || mayBeFewer && specification.classes < classes.count else {
      throw fault("\(classes.count) classes", "\(specification.classes)")
    }
    let branches = specification.branches.count
    guard head.branchDigests.count == branches else {
      throw fault("digests of the \(branches) branches that it reads", "\(head.branchDigests.count)")
    }
    try head.record(checksums: []).validate(section, in: .headFile)
  }

  private func validateLastResort(_ section: String) throws {
    guard let lastResort = try lastResort?.validated() else {
      guard trunkDigest == nil else {
        throw BundleFault.value("trunk digest", expected: "a last resort", found: "none").error(section)
      }
      return
    }
    if let exit = lastResort.exit, !exits.contains(exit) {
      throw BundleFault.reference("last resort: exit", exit).error(section)
    }
    guard lastResort.asksClassifier == (trunkDigest != nil), !lastResort.asksClassifier || baseClassCount > 0 else {
      throw BundleFault.value(
        "last resort", expected: "the trunk's digest and a classifier where it has a part",
        found: "\(baseClassCount) classes"
      ).error(section)
    }
  }

  private func validateBaseHeads(_ digests: inout Set<Digest>, _ section: String) throws {
    try BundleLimits.require(baseHeads.count, "base heads", BundleLimits.exits, section)
    let own = Set(heads.map(\.exit))
    for (index, head) in baseHeads.enumerated() {
      try head.validate()
      guard index == 0 || baseHeads[index - 1].exit < head.exit, !own.contains(head.exit),
        digests.insert(head.prefixDigest).inserted
      else {
        throw BundleFault.value(
          "base heads", expected: "ascending exits without another head", found: "\(head.exit)"
        ).error(section)
      }
    }
  }
}

extension PersonalHead {
  func record(checksums: [UInt32]) -> HeadRecord {
    HeadRecord(
      specification: head.specification, temperature: head.temperature, threshold: threshold, checksums: checksums)
  }
}
