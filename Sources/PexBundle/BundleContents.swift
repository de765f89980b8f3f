import PexGraph
import PexHeads
import PexTensor

/// An exit that was inserted, with its base head.
public struct ExitRecord: Sendable {
  /// The exit point's number.
  public var exit: Int
  /// What the base head looks like; its channels and extents are those of the exit point's value.
  public var specification: HeadSpecification
  /// The base head's tensors, f32, in the specification's order; nil when it is not trained, and so disabled.
  public private(set) var parameters: [Tensor]?
  /// The tensors of the branch that a trained head reads; empty when it reads none.
  public private(set) var branch: [Tensor] = []
  /// Logits are divided by this before softmax; positive and finite.
  public var temperature: Float
  /// The number that the policy compares with at this exit, when it was chosen on held-out samples.
  public var threshold: Float?
  /// Checksums that came with the tensors from a file; nil for tensors that came from elsewhere.
  private(set) var storedChecksums: [UInt32]?

  /// An exit with an untrained head.
  public init(exit: Int, specification: HeadSpecification) {
    self.exit = exit
    self.specification = specification
    temperature = 1
  }

  /// An exit with a trained head.
  public init(exit: Int, head: Head, threshold: Float? = nil) {
    self.exit = exit
    specification = head.specification
    parameters = head.parameters
    branch = head.branch?.parameters ?? []
    temperature = head.temperature
    self.threshold = threshold
  }

  /// The exit with an untrained head of the same kind for other classes.
  /// - Throws: ``PexError`` (malformed) when there are too many.
  public func untrained(classes: Int) throws -> ExitRecord {
    let old = specification
    return ExitRecord(
      exit: exit,
      specification: try HeadSpecification(
        kind: old.kind, channels: old.channels, spatial: old.spatial, classes: classes,
        hidden: old.kind == .conv ? old.hidden : nil, earlier: old.earlier, branch: old.branch?.layers ?? []))
  }

  init(exit: Int, _ record: HeadRecord, tensors: [Tensor]?) {
    self.exit = exit
    specification = record.specification
    let count = record.specification.branch?.parameters.count ?? 0
    branch = Array(tensors?.prefix(count) ?? [])
    parameters = tensors.map { Array($0.dropFirst(count)) }
    temperature = record.temperature
    threshold = record.threshold
    storedChecksums = tensors == nil ? nil : record.checksums
  }

  /// The tensors in the order in which files hold them: the branch's first.
  var tensors: [Tensor] { branch + (parameters ?? []) }

  /// The exit's branch, when there is one and it is trained.
  /// - Throws: ``PexError`` (malformed) when its tensors hold what must not be there.
  func ownBranch() throws -> Branch? {
    guard parameters != nil else { return nil }
    return try specification.branch.map { try Branch($0, parameters: branch) }
  }

  /// The head without the branches that it reads, when it is trained.
  /// - Throws: ``PexError`` (malformed) when its tensors hold what must not be there.
  func readout() throws -> Head? {
    try parameters.map { try Head(specification, parameters: $0, temperature: temperature) }
  }
}

/// Everything that a bundle holds. Change what you like apart from the trunk, and write it as another bundle.
public struct BundleContents: Sendable {
  /// Graph, exit points and their digests.
  public var trunk: Trunk
  /// The inserted exits, ascending by number.
  public var exits: [ExitRecord]
  /// The names of the classifier's classes, unique, in its order.
  public var labels: [String]?
  /// How pictures become inputs.
  public var preprocessing: PreprocessingRecord?
  /// When to stop, unless the user says otherwise.
  public var policy: PolicyRecord?
  /// The program that made the source model, as it says itself. Never a path. May be empty.
  public var producer: String
  /// The trunk's weights ready for one kind of CPU; nil when only the portable ones are there. It must go when the
  /// trunk changes.
  public var packed: PackedRecord?
  /// What features look like at exit points, for personal heads to start from; ascending by exit, empty when unknown.
  public var statistics: [ExitStatistics] = []
  /// What answers and last features look like on pictures that trained nothing; nil when unknown.
  public var reference: ExitStatistics?

  /// Contents of a bundle. They are checked when they are written.
  public init(
    trunk: Trunk, exits: [ExitRecord] = [], labels: [String]? = nil, preprocessing: PreprocessingRecord? = nil,
    policy: PolicyRecord? = nil, producer: String = ""
  ) {
    self.trunk = trunk
    self.exits = exits
    self.labels = labels
    self.preprocessing = preprocessing
    self.policy = policy
    self.producer = producer
  }

  /// The head of an exit with the branches that it reads, when it is trained.
  /// - Throws: ``PexError`` (malformed) when tensors hold what must not be there, or a branch that it reads is not trained.
  public func head(at exit: Int) throws -> Head? {
    guard let record = exits.first(where: { $0.exit == exit }) else { return nil }
    return try record.readout()?.reading(try branches(of: record.specification, at: exit))
  }

  /// The branches that a head at an exit reads, from the exits whose they are.
  /// - Throws: ``PexError`` (malformed) when one is another, not trained, or holds what must not be there.
  private func branches(of specification: HeadSpecification, at exit: Int) throws -> [Branch] {
    try specification.branchExits(at: exit).map { number, expected in
      guard let branch = try exits.first(where: { $0.exit == number })?.ownBranch(), branch.specification == expected
      else {
        throw BundleFault.value(
          "head of exit \(exit)", expected: "the branch that it reads at exit \(number)", found: "none or another"
        ).error(SectionKind.exits.name)
      }
      return branch
    }
  }

  /// Checks everything that the specification asks of a bundle's content beyond what ``Trunk`` has checked. Reading
  /// and writing both come through here.
  /// - Throws: ``PexError`` (malformed) naming the section and what is wrong in it.
  func validate() throws {
    try trunk.graph.requireLimits()
    guard trunk.graph.isNumberedForFile else { throw BundleFault.notCanonical.error(SectionKind.trunk.name) }
    try BundleLimits.require(name: producer, SectionKind.trunk.name)
    if let labels {
      try BundleLimits.require(labels: labels, SectionKind.labels.name)
      if let classes = trunk.classCount, classes != labels.count {
        throw BundleFault.value("labels", expected: "\(classes), one a class", found: "\(labels.count)")
          .error(SectionKind.labels.name)
      }
    }
    _ = try preprocessing?.validated()
    try BundleLimits.require(exits.count, "exits", BundleLimits.exits, SectionKind.exits.name)
    for (index, exit) in exits.enumerated() {
      guard index == 0 || exits[index - 1].exit < exit.exit else {
        throw BundleFault.value("exits", expected: "ascending numbers", found: "\(exit.exit)")
          .error(SectionKind.exits.name)
      }
      try validate(exit)
    }
    try validateStatistics()
    try validateReference()
    _ = try policy?.validated(exits: exits.map(\.exit))
  }

  private func validate(_ exit: ExitRecord) throws {
    let section = SectionKind.exits.name
    guard let point = trunk.exitPoint(exit.exit), let map = trunk.graph[point.value].type.tap else {
      throw BundleFault.reference("exit point", exit.exit).error(section)
    }
    let specification = exit.specification
    guard specification.channels == map.channels, specification.spatial == map.spatial else {
      throw BundleFault.value(
        "head of exit \(exit.exit)", expected: "a tap of \(map.channels) channels over \(map.spatial)",
        found: "\(specification.channels) over \(specification.spatial)"
      ).error(section)
    }
    for tap in specification.earlier {
      guard let earlier = trunk.exitPoint(tap.exit), earlier.isBefore(point),
        trunk.graph[earlier.value].type.tap?.channels == tap.channels
      else {
        throw BundleFault.value(
          "head of exit \(exit.exit)", expected: "earlier taps in front of it with their channels",
          found: "exit \(tap.exit), \(tap.channels) channels"
        ).error(section)
      }
      guard let branch = tap.branch else { continue }
      let record = exits.first { $0.exit == tap.exit }
      guard record?.specification.branch == branch, exit.parameters == nil || record?.parameters != nil else {
        throw BundleFault.value(
          "head of exit \(exit.exit)", expected: "the branch that it reads at exit \(tap.exit)",
          found: "none or another"
        ).error(section)
      }
    }
    if let classes = trunk.classCount ?? labels?.count, classes != specification.classes {
      throw BundleFault.value(
        "head of exit \(exit.exit)", expected: "\(classes) classes", found: "\(specification.classes)"
      ).error(section)
    }
    try HeadRecord(
      specification: specification, temperature: exit.temperature, threshold: exit.threshold,
      checksums: exit.storedChecksums ?? []
    ).validate(section, in: .bundle)
  }
}

extension BundleContents {
  private func validateStatistics() throws {
    let section = SectionKind.statistics.name
    // Where nobody says how many classes there are, all exits say the same.
    let classes = trunk.classCount ?? labels?.count ?? statistics.first?.classes
    for (index, entry) in statistics.enumerated() {
      guard index == 0 || statistics[index - 1].exit < entry.exit else {
        throw BundleFault.value("statistics", expected: "ascending exits", found: "\(entry.exit)").error(section)
      }
      let branch = exits.first { $0.exit == entry.exit }?.specification.branch
      guard let point = trunk.exitPoint(entry.exit), let map = trunk.graph[point.value].type.tap,
        entry.channels == map.channels + (branch?.output.channels ?? 0), entry.classes == classes
      else {
        throw BundleFault.value(
          "statistics of exit \(entry.exit)",
          expected: "the channels of the tap and of the exit's branch, and the model's classes",
          found: "\(entry.channels) channels, \(entry.classes) classes"
        ).error(section)
      }
    }
  }
}

extension BundleContents {
  /// Reference statistics speak of the last exit point's own channels, and of all classes or of one that stands for all.
  private func validateReference() throws {
    guard let reference else { return }
    let point = trunk.exitPoints.last { !$0.isNamed }
    guard let point, reference.exit == point.number, trunk.classCount != nil,
      reference.channels == trunk.graph[point.value].type.tap?.channels,
      [1, trunk.classCount].contains(reference.classes)
    else {
      throw BundleFault.value(
        "reference statistics", expected: "those of the last exit point and of the classifier's classes",
        found: "exit \(reference.exit), \(reference.channels) channels, \(reference.classes) classes"
      ).error(SectionKind.statistics.name)
    }
  }
}

extension ExitPointRecord {
  /// Whether a run reaches this point before the other: by cost, then by number.
  func isBefore(_ other: ExitPointRecord) -> Bool {
    (multiplyAccumulates, number) < (other.multiplyAccumulates, other.number)
  }
}

extension Graph {
  /// Checks the counts and names of a graph against the limits of the format.
  /// - Throws: ``PexError`` (malformed) naming what there is too much of.
  func requireLimits() throws {
    let section = SectionKind.trunk.name
    try BundleLimits.require(nodes.count, "nodes", BundleLimits.nodes, section)
    try BundleLimits.require(values.count, "values", BundleLimits.values, section)
    try BundleLimits.require(max(inputs.count, outputs.count), "inputs or outputs", BundleLimits.inputs, section)
    for value in values {
      try BundleLimits.require(name: value.name, section)
      try BundleLimits.require(value.type.rank, "axes of '\(value.name)'", BundleLimits.axes, section)
    }
    for node in nodes {
      try BundleLimits.require(name: node.name, section)
      try BundleLimits.require(node.inputs.count, "inputs of '\(node.name)'", BundleLimits.inputs, section)
    }
  }
}
