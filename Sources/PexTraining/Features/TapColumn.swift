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
  }

  let content: Content
  /// The number of the exit point; nil for logits.
  let exit: Int?
  /// Channels of the tap; classes for logits.
  let channels: Int
  /// Numbers a sample.
  let width: Int
  /// All that the numbers depend on besides the sample and the kernels: the tap's prefix digest; the trunk's for logits.
  let digest: Digest

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
  var name: String { exit.map { "exit \($0)" } ?? "the final classifier" }

  /// Average and maximum of every channel of the tap's map.
  func pooled(_ map: UnsafeBufferPointer<Float>) -> [Float] {
    var row = [Float](repeating: 0, count: 2 * channels)
    row.withUnsafeMutableBufferPointer { poolFeatures(map, channels: channels, into: $0) }
    return row
  }

  /// Bytes a sample.
  var bytes: Int { saturatingProduct(width, MemoryLayout<Float>.stride) }
}

extension HeadPlan {
  /// What the head is trained on: the columns whose rows it reads one behind the other.
  /// - Throws: as ``TapColumn/init(_:exit:in:)``.
  func columns(in model: Model) throws -> [TapColumn] { try specification.columns(at: exit, in: model) }
}

extension HeadSpecification {
  /// The columns whose rows such a head at an exit reads one behind the other.
  /// - Throws: as ``TapColumn/init(_:exit:in:)``.
  func columns(at exit: Int, in model: Model) throws -> [TapColumn] {
    switch kind {
    case .linear, .prototype: [try TapColumn(.pooled, exit: exit, in: model)]
    case .multitap:
      try taps(at: exit).map { try TapColumn(.pooled, exit: $0, in: model) }
    case .conv: [try TapColumn(.map, exit: exit, in: model)]
    }
  }
}
