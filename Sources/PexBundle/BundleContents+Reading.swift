import PexGraph
import PexTensor

extension BundleContents {
  /// The contents of a bundle, section by section, and where its tensors are.
  /// - Throws: ``PexError`` naming the section that breaks a rule.
  static func read(_ container: Container, _ image: FileImage) throws -> (BundleContents, TensorRow, TensorRow) {
    let reader = SectionReader(container: container, image: image)
    let manifest: Pex_Manifest = try reader.require(.trunk)
    guard manifest.canonicalVersion == UInt32(Trunk.canonicalVersion) else {
      throw PexError(
        .unsupported, "trunk: canonical version \(manifest.canonicalVersion) is unknown", hint: "use a newer pex")
    }
    var trunkRow = try reader.row(.trunkTensors)
    let graph = try Graph(manifest.graph, &trunkRow, in: image)
    try trunkRow.finish()
    try container.require(version: UInt32(graph.formatVersion), for: SectionKind.trunk.name)

    let exits: Pex_Exits = try reader.require(.exits)
    try BundleLimits.require(exits.points.count, "exit points", BundleLimits.exits, SectionKind.exits.name)
    try BundleLimits.require(exits.exits.count, "exits", BundleLimits.exits, SectionKind.exits.name)
    let trunk = try Trunk(
      stored: graph, exitPoints: try exits.points.enumerated().map { try ExitPointRecord($1, number: $0 + 1) },
      digest: try Digest(stored: exits.trunkDigest, "trunk digest", .exits), checksums: trunkRow.entries.map(\.checksum)
    )

    var headRow = try reader.row(.headTensors)
    var contents = BundleContents(trunk: trunk, producer: manifest.producer)
    contents.exits = try exits.exits.map { exit in
      let place = "\(SectionKind.exits.name): exit \(exit.exit)"
      let record = try HeadRecord(exit.head, place, in: .bundle)
      try container.require(version: record.specification.since, for: place)
      let tensors = try record.tensors(&headRow, place: "exit \(exit.exit)", in: image, .bundle)
      return ExitRecord(exit: Int(exit.exit), record, tensors: tensors)
    }
    try headRow.finish()

    if let labels: Pex_Labels = try reader.message(.labels) { contents.labels = labels.labels }
    if let message: Pex_Preprocessing = try reader.message(.preprocessing) {
      let record = try PreprocessingRecord(message)
      try container.require(version: record.since, for: SectionKind.preprocessing.name)
      contents.preprocessing = record
    }
    contents.policy = try reader.message(.policy).map { try PolicyRecord($0, exits: contents.exits.map(\.exit)) }
    if let message: Pex_Packed = try reader.message(.packed) {
      guard let section = container.section(.packedTensors) else {
        throw BundleFault.missing.error(SectionKind.packedTensors.name)
      }
      contents.packed = try PackedRecord(message, section, in: image)
    } else if container.section(.packedTensors) != nil {
      throw BundleFault.missing.error(SectionKind.packed.name)
    }
    if let message: Pex_Statistics = try reader.message(.statistics) {
      var row = try reader.row(.statisticsTensors)
      let place = SectionKind.statistics.name
      try BundleLimits.require(message.exits.count, "exits", BundleLimits.exits, place)
      guard !message.exits.isEmpty || message.hasReference else {
        throw BundleFault.value("exits", expected: "one or more", found: "none").error(place)
      }
      contents.statistics = try message.exits.map { try ExitStatistics($0, &row, in: image) }
      if message.hasReference {
        try container.require(version: 7, for: place)
        contents.reference = try ExitStatistics(message.reference, &row, in: image, isReference: true)
      }
      try row.finish()
    } else if container.section(.statisticsTensors) != nil {
      throw BundleFault.missing.error(SectionKind.statistics.name)
    }
    try contents.validate()
    return (contents, trunkRow, headRow)
  }
}

/// Takes the sections of a file apart.
struct SectionReader {
  let container: Container
  let image: FileImage

  /// The message of a section, or nil when there is no such section.
  /// - Throws: ``PexError`` when it is not canonical.
  func message<Message: CanonicalMessage>(_ kind: SectionKind) throws -> Message? {
    guard let section = container.section(kind) else { return nil }
    return try Message(canonical: image.copy(section.range), kind)
  }

  /// The message of a section that is always there.
  /// - Throws: ``PexError`` when it is not canonical.
  func require<Message: CanonicalMessage>(_ kind: SectionKind) throws -> Message {
    guard let message: Message = try message(kind) else { throw BundleFault.missing.error(kind.name) }
    return message
  }

  /// The start of a section of tensors.
  func row(_ kind: SectionKind) throws -> TensorRow {
    guard let section = container.section(kind) else { throw BundleFault.missing.error(kind.name) }
    return TensorRow(section)
  }
}

extension HeadRecord {
  /// The head's tensors, taken off the row; nil when the head is not trained.
  /// - Throws: ``PexError`` (malformed) when the section is too short for them.
  func tensors(_ row: inout TensorRow, place: String, in image: FileImage, _ owner: Owner) throws -> [Tensor]? {
    guard !checksums.isEmpty else { return nil }
    return try zip(tensors(owner), checksums).map { parameter, checksum in
      try row.next(
        "\(place) \(parameter.name)", .float32, Shape(parameter.dimensions), checksum: checksum, in: image)
    }
  }
}

extension ExitPointRecord {
  fileprivate init(_ message: Pex_ExitPoint, number: Int) throws {
    guard let cost = Int(exactly: message.multiplyAccumulates) else {
      throw BundleFault.value(
        "exit point \(number): cost", expected: "a number below 2^63", found: "\(message.multiplyAccumulates)"
      ).error(SectionKind.exits.name)
    }
    self.init(
      number: number, value: ValueID(Int(message.value)), multiplyAccumulates: cost,
      prefixDigest: try Digest(stored: message.prefixDigest, "exit point \(number): digest", .exits),
      isNamed: message.named)
  }
}

extension Digest {
  /// - Throws: ``PexError`` (malformed) when there are not 32 bytes.
  init(stored: some Collection<UInt8>, _ what: String, _ section: SectionKind) throws {
    guard let digest = Digest(stored) else {
      throw BundleFault.value(what, expected: "32 bytes", found: "\(stored.count)").error(section.name)
    }
    self = digest
  }
}
