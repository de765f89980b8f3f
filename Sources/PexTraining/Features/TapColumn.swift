import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// What is kept of every sample: the numbers of one tap, or the final classifier's logits.
///
/// Heads come and go; what the frozen trunk says at a tap stays, so this is what a cache keeps.
struct TapColumn: Hashable, Sendable {
  /// What is kept. The raw values are part of the format of ``FeatureFile``.
  enum Content: UInt32, Sendable {
    /// Average and maximum of every channel: `[average(C), maximum(C)]`.
    case pooled = 0
    /// The feature map as it is: `[C, spatial…]`.
    case map = 1
    /// The final classifier's logits.
    case logits = 2
    /// As ``pooled``, of what a branch computes of the tap.
    case branch = 3
    /// What the inputs look like from afar; see ``Fingerprint``.
    case fingerprint = 4
  }

  let content: Content
  /// The number of the exit point; nil for logits and inputs.
  let exit: Int?
  /// Channels of the tap; classes for logits.
  let channels: Int
  /// Numbers a sample.
  let width: Int
  /// All that the numbers depend on besides the sample and the kernels: the prefix digest of what is pooled or kept; the
  /// trunk's for logits.
  let digest: Digest
  /// What computes a branch's map.
  let branch: BranchPlan?

  /// A tap's.
  /// - Throws: ``PexError``: (defect) when there is no such exit point, (malformed) when its size overflows.
  init(_ content: Content, exit: Int, in model: Model) throws {
    guard let point = model.bundle.contents.trunk.exitPoint(exit),
      let tap = model.bundle.graph[point.value].type.tap
    else { throw PexError(.defect, "exit point \(exit) is no feature map") }
    self.content = content
    self.exit = exit
    channels = tap.channels
    width = content == .pooled ? 2 * channels : try Shape([channels] + tap.spatial).count
    digest = point.prefixDigest
    branch = nil
  }

  /// A branch's.
  /// - Throws: ``PexError``: (defect) when there is no such exit point, (malformed) when a size overflows.
  init(_ branch: Branch, exit: Int, in model: Model) throws {
    guard let point = model.bundle.contents.trunk.exitPoint(exit) else {
      throw PexError(.defect, "there is no exit point \(exit)")
    }
    content = .branch
    self.exit = exit
    channels = branch.specification.output.channels
    width = 2 * channels
    digest = try branch.digest(behind: point.prefixDigest)
    self.branch = BranchPlan(branch)
  }

  /// The final classifier's; nil when the model has none.
  init?(logitsOf model: Model) {
    let graph = model.bundle.graph
    guard let classifier = graph.classifier, classifier.kind != .none else { return nil }
    content = .logits
    exit = nil
    width = graph[classifier.logits].type.perSample.reduce(1, *)
    channels = width
    digest = model.bundle.contents.trunk.digest
    branch = nil
  }

  /// What samples look like from afar.
  init(fingerprintOf model: Model) {
    let fingerprint = Fingerprint(for: model)
    content = .fingerprint
    exit = nil
    width = fingerprint.width
    channels = width
    digest = Digest(lines: fingerprint.extents.map { "\($0)" }, tag: "pex.fingerprint.1")
    branch = nil
  }

  static func == (left: TapColumn, right: TapColumn) -> Bool {
    (left.content, left.exit, left.width, left.digest) == (right.content, right.exit, right.width, right.digest)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(content)
    hasher.combine(digest)
  }

  /// The columns whose rows a head at an exit reads one behind the other.
  /// - Parameter branches: those that are there, by exit; the columns of others are left out.
  /// - Throws: as ``init(_:exit:in:)``.
  static func read(
    by specification: HeadSpecification, _ branches: [Int: Branch], at exit: Int, in model: Model
  ) throws -> [TapColumn] {
    guard specification.kind != .conv else { return [try TapColumn(.map, exit: exit, in: model)] }
    let read = Set(specification.branchExits(at: exit).map(\.exit))
    return try specification.taps(at: exit).flatMap { tap in
      let branch = read.contains(tap) ? branches[tap] : nil
      return try [TapColumn(.pooled, exit: tap, in: model)]
        + (branch.map { [try TapColumn($0, exit: tap, in: model)] } ?? [])
    }
  }

  /// The columns whose rows a head reads one behind the other.
  /// - Throws: as ``init(_:exit:in:)``.
  static func read(by head: Head, at exit: Int, in model: Model) throws -> [TapColumn] {
    let places = zip(head.specification.branchExits(at: exit).map(\.exit), head.branches)
    return try read(
      by: head.specification, Dictionary(places) { first, _ in first }, at: exit, in: model)
  }

  /// What the training of some heads reads, each once.
  /// - Parameter wantsFinal: whether the final classifier's logits are read, when there is one.
  static func needed(by plans: [HeadPlan], wantsFinal: Bool, _ model: Model) throws -> [TapColumn] {
    var columns: [TapColumn] = []
    for column in try plans.flatMap({ try $0.columns(in: model) }) where !columns.contains(column) {
      columns.append(column)
    }
    if wantsFinal, let logits = TapColumn(logitsOf: model) { columns.append(logits) }
    return columns
  }

  /// Where the numbers come from, for messages.
  var name: String {
    exit.map { "exit \($0)" } ?? (content == .fingerprint ? "the samples themselves" : "the final classifier")
  }

  /// Bytes a sample.
  var bytes: Int { saturatingProduct(width, MemoryLayout<Float>.stride) }
}

extension HeadPlan {
  /// What the head is trained on: the columns whose rows it reads one behind the other.
  /// - Throws: as ``TapColumn/init(_:exit:in:)``.
  func columns(in model: Model) throws -> [TapColumn] {
    try TapColumn.read(by: specification, branches, at: exit, in: model)
  }
}
