import PexGraph
import PexHeads
import PexTensor

extension BundleContents {
  /// Writes a bundle. The same contents give the same bytes. The file appears whole or not at all: see ``AtomicFile``.
  /// - Parameter overwriting: whether a file of that name is replaced.
  /// - Throws: ``PexError``: (malformed) when the contents break a rule of the specification or bytes that came from
  ///   another bundle are damaged, (cannotCreate) or (inputOutput) when the file cannot be written.
  public func write(to path: String, overwriting: Bool = false) throws {
    let draft = try draft()
    try AtomicFile.write(to: path, overwriting: overwriting) { file in
      try draft.write { try file.write($0) }
    }
  }

  /// The file in memory.
  /// - Throws: ``PexError`` (malformed) as ``write(to:overwriting:)``.
  public func encoded() throws -> [UInt8] { try draft().bytes() }

  /// The file before it is written: everything that can be wrong with the contents has been found by then.
  /// - Throws: ``PexError`` (malformed) as ``write(to:overwriting:)``.
  package func draft() throws -> ContainerDraft {
    try validate()
    let constants = trunk.constants.compactMap { trunk.graph[$0].constant }
    let checksums = try checked(constants.map(\.checksum), against: trunk.storedChecksums, .trunkTensors)
    var manifest = Pex_Manifest()
    manifest.canonicalVersion = UInt32(Trunk.canonicalVersion)
    manifest.producer = producer
    manifest.graph = Pex_Graph(trunk.graph, checksums: checksums)
    var sections = [
      SectionDraft(
        kind: .trunk, content: .message(try manifest.canonicalBytes(.trunk)), since: UInt32(trunk.graph.formatVersion)),
      SectionDraft(
        kind: .exits, content: .message(try exitsMessage().canonicalBytes(.exits)),
        since: exits.map(\.specification.since).max() ?? 1),
    ]
    if let labels {
      var message = Pex_Labels()
      message.labels = labels
      sections.append(SectionDraft(kind: .labels, content: .message(try message.canonicalBytes(.labels))))
    }
    if let preprocessing {
      sections.append(
        SectionDraft(
          kind: .preprocessing, content: .message(try preprocessing.message.canonicalBytes(.preprocessing)),
          since: preprocessing.since))
    }
    if let message = policy?.message {
      sections.append(SectionDraft(kind: .policy, content: .message(try message.canonicalBytes(.policy))))
    }
    sections.append(SectionDraft(kind: .headTensors, content: .tensors(exits.flatMap(\.tensors))))
    sections.append(SectionDraft(kind: .trunkTensors, content: .tensors(constants)))
    if let packed {
      sections.append(SectionDraft(kind: .packed, content: .message(try packed.message().canonicalBytes(.packed))))
      sections.append(SectionDraft(kind: .packedTensors, content: .tensors(packed.segments)))
    }
    if !statistics.isEmpty || reference != nil {
      var message = Pex_Statistics()
      message.exits = try statistics.map { try $0.message() }
      if let reference { message.reference = try reference.message() }
      let tensors = (statistics + [reference].compactMap(\.self)).flatMap(\.tensors)
      sections.append(
        SectionDraft(
          kind: .statistics, content: .message(try message.canonicalBytes(.statistics)),
          since: reference == nil ? 1 : 7))
      sections.append(SectionDraft(kind: .statisticsTensors, content: .tensors(tensors)))
    }
    return try ContainerDraft(.bundle, sections)
  }

  private func exitsMessage() throws -> Pex_Exits {
    var message = Pex_Exits()
    message.trunkDigest = .init(trunk.digest.bytes)
    message.points = trunk.exitPoints.map { point in
      var message = Pex_ExitPoint()
      message.value = UInt32(clamping: point.value.index)
      message.multiplyAccumulates = UInt64(clamping: point.multiplyAccumulates)
      message.prefixDigest = .init(point.prefixDigest.bytes)
      message.named = point.isNamed
      return message
    }
    message.exits = try exits.map { exit in
      var message = Pex_Exit()
      message.exit = UInt32(clamping: exit.exit)
      var checksums: [UInt32] = []
      // What a head is made of is checked here too, so that no file holds a head that cannot be read.
      if try naming("exit \(exit.exit)", { try head(at: exit.exit) }) != nil {
        checksums = try checked(exit.tensors.map(\.checksum), against: exit.storedChecksums, .headTensors)
      }
      message.head =
        HeadRecord(
          specification: exit.specification, temperature: exit.temperature, threshold: exit.threshold,
          checksums: checksums
        ).message
      return message
    }
    return message
  }

  /// Bytes that came from a file must still be what that file promised: a new checksum would hide the damage.
  private func checked(_ found: [UInt32], against stored: [UInt32]?, _ section: SectionKind) throws -> [UInt32] {
    for (expected, found) in zip(stored ?? found, found) where expected != found {
      throw BundleFault.checksum(expected: expected, found: found).error(section.name)
    }
    return found
  }
}
