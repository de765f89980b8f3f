import Foundation
import PexGraph
import PexTensor

/// One thing that a full check has looked at and found right.
public struct CheckedItem: Hashable, Sendable {
  /// The section, by its name in `Schemas/BUNDLE.md`.
  public var section: String
  /// What was looked at.
  public var what: String
}

extension BundleFile {
  /// Computes every checksum and digest of the bundle anew, reads every byte, and compares the file with what pex
  /// would write for its contents.
  /// - Returns: what was checked, in the order of the file.
  /// - Throws: ``PexError`` (malformed) naming the first section that is not as it should be.
  public func check() throws -> [CheckedItem] {
    try naming(name) {
      let container = try Container(image, kind: .bundle)
      for section in container.sections where section.kind.holdsTensors { try container.verify(section, in: image) }
      for index in trunkRow.entries.indices { try trunkRow.verify(index, in: image) }
      for exit in contents.exits { _ = try baseHead(at: exit.exit) }
      if let packed = contents.packed {
        for segment in packed.segments.indices {
          for piece in 0..<packed.pieceCount(segment: segment) { try packed.verify(segment: segment, piece: piece) }
        }
      }
      for entry in contents.statistics { _ = try entry.checked() }
      _ = try contents.reference?.reference()
      try checkDigests()
      try image.compare(with: contents.draft())
      return container.sections.map { section in
        CheckedItem(section: section.kind.name, what: checked(section.kind))
      }
    }
  }

  private func checked(_ kind: SectionKind) -> String {
    switch kind {
    case .trunk: "checksum, canonical encoding, graph of \(graph.nodes.count) nodes"
    case .exits: "checksum, canonical encoding, digests of the trunk and \(contents.trunk.exitPoints.count) exit points"
    case .labels, .preprocessing, .policy, .heads: "checksum, canonical encoding"
    case .headTensors: "checksums of \(headRow.entries.count) tensors, numbers finite"
    case .trunkTensors: "checksums of \(trunkRow.entries.count) tensors"
    case .packed, .statistics: "checksum, canonical encoding"
    case .statisticsTensors:
      "checksums of \(4 * contents.statistics.count + (contents.reference == nil ? 0 : 5)) tensors, numbers finite"
    case .packedTensors: "checksums of \(contents.packed?.segments.count ?? 0) segments"
    }
  }

  private func checkDigests() throws {
    let trunk = contents.trunk
    let found = try graph.allDigests(of: trunk.exitPoints.map(\.value))
    let section = SectionKind.exits.name
    guard found.trunk == trunk.digest else { throw BundleFault.digest("the trunk digest").error(section) }
    for (point, digest) in zip(trunk.exitPoints, found.prefixes) {
      guard digest == point.prefixDigest else {
        throw BundleFault.digest("the prefix digest of exit point \(point.number)").error(section)
      }
      guard graph.cost(of: [point.value]).multiplyAccumulates == point.multiplyAccumulates else {
        throw BundleFault.digest("the cost of exit point \(point.number)").error(section)
      }
    }
  }
}

extension FileImage {
  /// Checks that the file is, behind its header, what the draft would write: one content has one file. The header is
  /// left out because a newer pex may state another version.
  /// - Throws: ``PexError`` (malformed).
  func compare(with draft: ContainerDraft) throws {
    var position = 0
    try draft.write { bytes in
      let start = position == 0 ? Format.headerBytes : 0
      guard bytes.count <= count - position else { throw BundleFault.notCanonical.error("file") }
      let same = try withBytes(position..<position + bytes.count) { mine in
        guard let left = mine.baseAddress, let right = bytes.baseAddress, start <= bytes.count else { return true }
        return memcmp(left + start, right + start, bytes.count - start) == 0
      }
      guard same else { throw BundleFault.notCanonical.error("file, near byte \(position)") }
      position += bytes.count
    }
    guard position == count else { throw BundleFault.length(expected: UInt64(position), found: count).error("file") }
  }
}
