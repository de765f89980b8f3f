import PexHeads
import PexTensor

/// The statistics of one exit point's features, as a bundle holds them.
public struct ExitStatistics: Sendable {
  /// The exit point's number.
  public let exit: Int
  /// The tensors, in the order of ``FeatureStatistics/tensors``; behind them, of reference statistics, those of
  /// ``ReferenceStatistics/sureness``.
  let tensors: [Tensor]
  /// The file that the tensors came from, and where they are in it; nil for statistics from elsewhere.
  private let source: (image: FileImage, entries: [TensorRow.Entry])?

  /// Statistics that were computed just now.
  public init(exit: Int, _ statistics: FeatureStatistics) {
    self.exit = exit
    tensors = statistics.tensors
    source = nil
  }

  /// Reference statistics that were computed just now.
  public init(exit: Int, _ statistics: ReferenceStatistics) {
    self.exit = exit
    tensors = statistics.features.tensors + [statistics.sureness]
    source = nil
  }

  /// Channels of the tap and, behind them, of the exit's branch.
  public var channels: Int { tensors[2].count / 2 }
  /// Classes that have a mean.
  public var classes: Int { tensors[0].count }
  /// Rows of ``FeatureStatistics/factor``.
  public var rank: Int { tensors[3].shape.dimensions[0] }

  /// The statistics, checked.
  /// - Throws: ``PexError`` (malformed) when bytes that came from a file are damaged or hold numbers that must not be there.
  public func checked() throws -> FeatureStatistics {
    for entry in source?.entries ?? [] { try source?.image.verify(entry, .statisticsTensors) }
    return try naming("\(SectionKind.statisticsTensors.name): exit \(exit)") {
      try FeatureStatistics(counts: tensors[0], means: tensors[1], residual: tensors[2], factor: tensors[3])
    }
  }

  /// Reference statistics, checked.
  /// - Throws: ``PexError`` (malformed) as ``checked()``, or when they are no reference.
  public func reference() throws -> ReferenceStatistics {
    let features = try checked()
    guard tensors.count == 5 else { throw PexError(.defect, "statistics without a reference") }
    return try naming("\(SectionKind.statisticsTensors.name): reference") {
      try ReferenceStatistics(features, sureness: tensors[4])
    }
  }

  /// The message of one exit.
  /// - Throws: ``PexError`` (malformed) as ``checked()``.
  func message() throws -> Pex_ExitStatistics {
    var message = Pex_ExitStatistics()
    message.exit = UInt32(clamping: exit)
    message.channels = UInt32(clamping: channels)
    message.classes = UInt32(clamping: classes)
    message.rank = UInt32(clamping: try checked().rank)
    message.crc32C = tensors.map(\.checksum)
    return message
  }

  /// What sections 11 and 12 hold of one exit.
  /// - Parameter isReference: whether they are reference statistics.
  /// - Throws: ``PexError`` (malformed) when they do not fit each other.
  init(
    _ message: Pex_ExitStatistics, _ row: inout TensorRow, in image: FileImage, isReference: Bool = false
  ) throws {
    let place = "\(SectionKind.statistics.name): exit \(message.exit)"
    let range = 1...UInt32(HeadSpecification.limit)
    guard range.contains(message.channels), range.contains(message.classes),
      message.rank <= UInt32(FeatureStatistics.mostRank)
    else {
      throw BundleFault.value(
        "channels, classes and rank",
        expected: "1…\(HeadSpecification.limit), a rank of at most \(FeatureStatistics.mostRank)",
        found: "\(message.channels), \(message.classes), \(message.rank)"
      ).error(place)
    }
    let sizes = (classes: Int(message.classes), width: 2 * Int(message.channels), rank: Int(message.rank))
    let parameters =
      isReference
      ? ReferenceStatistics.parameters(classes: sizes.classes, width: sizes.width, rank: sizes.rank)
      : FeatureStatistics.parameters(classes: sizes.classes, width: sizes.width, rank: sizes.rank)
    guard message.crc32C.count == parameters.count else {
      throw BundleFault.value("checksums", expected: "\(parameters.count)", found: "\(message.crc32C.count)").error(
        place)
    }
    let first = row.entries.count
    tensors = try zip(parameters, message.crc32C).map { parameter, checksum in
      try row.next(
        "exit \(message.exit) \(parameter.name)", .float32, Shape(parameter.dimensions), checksum: checksum, in: image)
    }
    exit = Int(message.exit)
    source = (image, Array(row.entries[first...]))
  }
}
