import PexBundle
import PexHeads
import PexTensor

/// The heads of a run: the bundle's base heads or one person's. Immutable; a session takes another set in no time.
public struct HeadSet: Sendable {
  /// A head at an exit.
  public struct Entry: Sendable {
    /// The exit point's number.
    public let exit: Int
    /// What computes its logits. An untrained head has zeros and finds all classes equal.
    public let head: Head
    /// Whether policies and deadlines may take it.
    public let isEnabled: Bool
    /// Whether it has learned anything.
    public let isTrained: Bool
    /// What computes the convolutions whose maps it reads, by the exit whose tap they read. Heads of one set that read the same
    /// branch have the same plan.
    let convolutions: [Int: BranchPlan]
    /// Whether the head answers by itself: one that only adds to the classifier's answer is no exit.
    public fileprivate(set) var answers = true
    /// How its logits come about.
    let readout: HeadReadout
  }

  /// Makes the entries of one set.
  private struct Entries {
    private var plans: [Int: BranchPlan] = [:]

    mutating func make(exit: Int, head: Head, isEnabled: Bool, isTrained: Bool) throws -> Entry {
      var convolutions: [Int: BranchPlan] = [:]
      for ((place, _), branch) in zip(head.specification.branchExits(at: exit), head.branches) {
        let plan = plans[place] ?? BranchPlan(branch)
        (plans[place], convolutions[place]) = (plan, plan)
      }
      // A convolutional head's are its own.
      if convolutions.isEmpty { convolutions[exit] = try head.convolutions().map(BranchPlan.init) }
      return Entry(
        exit: exit, head: head, isEnabled: isEnabled, isTrained: isTrained, convolutions: convolutions,
        readout: try HeadReadout(head, at: exit, convolutions))
    }
  }

  /// The heads by depth.
  public let entries: [Entry]
  /// Names of the heads' classes; nil when nobody named them.
  public let classes: [String]?
  /// When to stop, unless the user says otherwise.
  public let policy: PolicyRecord?
  /// What answers when no exit was sure enough; its exit is the number that ``entries`` have.
  public let lastResort: LastResort
  /// Whether the final classifier has no part in any answer.
  package var replacesFinal: Bool { !lastResort.asksClassifier }
  /// How often the person meets each of ``classes``: what every exit's answer is weighed by; nil when nobody knows.
  public private(set) var prior: [Float]?
  /// The places of ``classes`` among the final classifier's, nil for a class that it lacks; nil when answers are not limited
  /// to some classes, or it has no part in them.
  package private(set) var finalPlaces: [Int?]?

  /// The base heads of a bundle, with their bytes checked.
  /// - Throws: ``PexError`` (malformed) when a head's bytes are damaged, (unsupported) when untrained heads would take
  ///   more memory than head files may.
  public init(base bundle: BundleFile) throws {
    try self.init(base: bundle.contents) { try bundle.baseHead(at: $0.exit) }
  }

  /// The base heads of contents that are no file yet, or whose tensors have been checked.
  /// - Throws: ``PexError`` as ``init(base:)-(BundleFile)``.
  public init(base contents: BundleContents) throws {
    try self.init(base: contents) { try contents.head(at: $0.exit) }
  }

  private init(base contents: BundleContents, head: (ExitRecord) throws -> Head?) throws {
    // An untrained head has no bytes in the file that would bound it.
    var untrained = 0
    var entries = Entries()
    self.entries = try contents.exits.map { record in
      if let head = try head(record) {
        return try entries.make(exit: record.exit, head: head, isEnabled: true, isTrained: true)
      }
      let branch = record.specification.branches.flatMap(\.parameters)
      let floats = (record.specification.parameters + branch).map {
        $0.dimensions.reduce(1) { saturatingProduct($0, $1) }
      }
      untrained = floats.reduce(untrained) { $0.addingReportingOverflow($1).overflow ? Int.max : $0 + $1 }
      guard untrained < BundleLimits.headFileBytes / MemoryLayout<Float>.stride else {
        throw PexError(
          .unsupported, "the untrained head of exit \(record.exit) would take \(untrained) numbers",
          hint: "convert the model with fewer exits")
      }
      let zeros = try record.specification.parameters.map { try Tensor(repeating: 0, $0.dimensions) }
      let head = try Head(
        record.specification, parameters: zeros,
        branches: record.specification.branches.map { specification in
          try Branch(
            specification, parameters: specification.parameters.map { try Tensor(repeating: 0, $0.dimensions) })
        })
      return try entries.make(exit: record.exit, head: head, isEnabled: false, isTrained: false)
    }.sorted(by: Self.isShallower(contents.trunk))
    classes = contents.classNames
    policy = contents.policy
    lastResort = .classifierAlone
    (prior, finalPlaces) = (nil, nil)
  }

  /// A person's heads.
  /// - Throws: ``PexError`` (refused) when the file does not fit the bundle: all of its heads or none.
  public init(_ file: HeadFile, on bundle: BundleFile) throws {
    try self.init(file, try bundle.match(file), on: bundle.contents)
  }

  /// A person's heads on contents that are no file yet, or whose tensors have been checked.
  /// - Throws: ``PexError`` (refused) when the file does not fit: all of its heads or none.
  public init(_ file: HeadFile, on contents: BundleContents) throws {
    try self.init(file, try file.match(contents), on: contents)
  }

  private init(_ file: HeadFile, _ matched: [MatchedHead], on contents: BundleContents) throws {
    var made = Entries()
    // Exits may be numbered otherwise in this bundle.
    let exits = Dictionary(matched.map { ($0.numberInFile, $0.exitPoint.number) }) { first, _ in first }
    let entries = try matched.map { match in
      try made.make(exit: match.exitPoint.number, head: match.head, isEnabled: match.isEnabled, isTrained: true)
    }.sorted(by: Self.isShallower(contents.trunk))
    lastResort =
      file.lastResort.map { $0.moved(to: $0.exit.flatMap { exits[$0] }) }
      ?? Self.lastResort(of: file, entries, on: contents)
    let lastResort = lastResort
    self.entries = entries.map { entry in
      var entry = entry
      entry.answers = entry.exit != lastResort.exit || !lastResort.asksClassifier
      return entry
    }
    classes = file.classes
    policy = file.policy.map { policy in
      PolicyRecord(
        policy.kind, policy.value,
        thresholds: policy.thresholds.compactMap { threshold in
          exits[threshold.exit].map { PolicyRecord.Threshold(exit: $0, threshold: threshold.threshold) }
        })
    }
    prior = file.prior
    let numbers = Dictionary((contents.classNames ?? []).enumerated().map { ($1, $0) }) { first, _ in first }
    finalPlaces = lastResort.asksClassifier ? file.classes.map { numbers[$0] } : nil
  }

  /// What a file of before version 7 means: the deepest head answers where it stands on the last exit point or knows a class
  /// that the classifier lacks.
  private static func lastResort(of file: HeadFile, _ entries: [Entry], on contents: BundleContents) -> LastResort {
    let addsClasses = !Set(contents.classNames ?? []).isSuperset(of: file.classes)
    let last = contents.trunk.exitPoints.last { !$0.isNamed }?.number
    guard let deepest = entries.last(where: \.isEnabled), addsClasses || deepest.exit == last else {
      return .classifierAlone
    }
    return .head(at: deepest.exit)
  }

  /// The same heads with another prior, or none.
  /// - Parameter weights: a number of at least 0 for every class of ``classes``; they are scaled to sum to 1. Nil: all
  ///   classes are as frequent.
  /// - Throws: ``PexError`` (usage) when nobody named the classes, or the weights are not one a class or all 0.
  public func weighed(by weights: [Float]?) throws -> HeadSet {
    guard let classes else { throw PexError(.usage, "the heads' classes have no names, so no prior speaks of them") }
    var set = self
    // Base heads answer with the classifier's own classes.
    if set.finalPlaces == nil, !replacesFinal { set.finalPlaces = Array(classes.indices) }
    set.prior = nil
    guard let weights else { return set }
    let sum = weights.reduce(0, +)
    guard weights.count == classes.count, weights.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
      throw PexError(
        .usage,
        "a prior of \(weights.count) shares with the sum \(sum): expected \(classes.count) of at least 0, not all 0")
    }
    set.prior = weights.map { $0 / sum }
    return set
  }

  /// Probabilities of the heads' classes: `softmax(logits / temperature + log(prior))`.
  ///
  /// The prior is how often the person meets each class, where logits speak of classes that are all as frequent
  /// (Bayes' rule; Saerens, Latinne and Decaestecker 2002).
  func probabilities(_ logits: [Float], temperature: Float = 1) -> [Float] {
    softmax(logits, temperature: temperature, prior: prior)
  }

  /// What the last resort says: its part of the classifier's logits and of its head's; see ``LastResort``.
  /// - Parameters:
  ///   - final: the logits of all of the classifier's classes.
  ///   - head: the logits of the last resort's head, when it has a part.
  /// - Returns: one logit a class of ``classes``, to be weighed by ``prior``.
  package func lastResortLogits(final: [Float], head: [Float]?) -> [Float] {
    var logits = final
    if let finalPlaces {
      logits = finalPlaces.map { place in place.flatMap { final.indices.contains($0) ? final[$0] : nil } ?? 0 }
    }
    if lastResort.classifier != 1 { logits = logits.map { $0 * lastResort.classifier } }
    guard let head, let entry = lastResort.exit.flatMap({ self[$0] }), head.count <= logits.count else { return logits }
    let first = logits.count - head.count
    let factor = lastResort.head / entry.head.temperature
    for (index, value) in head.enumerated() { logits[first + index] += factor * value }
    return logits
  }

  /// The head that has a part in the last resort beside the classifier; nil when the classifier or a head answers alone.
  package var partOfFinal: Entry? { lastResort.asksClassifier ? lastResort.exit.flatMap { self[$0] } : nil }

  /// The head at an exit, or nil.
  public subscript(exit: Int) -> Entry? { entries.first { $0.exit == exit } }

  private static func isShallower(_ trunk: Trunk) -> (Entry, Entry) -> Bool {
    func depth(_ entry: Entry) -> Int { trunk.exitPoint(entry.exit)?.multiplyAccumulates ?? Int.max }
    return { (depth($0), $0.exit) < (depth($1), $1.exit) }
  }
}
