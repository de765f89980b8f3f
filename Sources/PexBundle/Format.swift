/// The numbers that make a file a pex file: `Schemas/BUNDLE.md`, "Header".
package enum Format {
  /// The newest version that this pex reads and writes.
  package static let version: UInt32 = 8
  /// What follows the letters `PEX` and the kind's letter: a transfer that changes line ends or stops at a
  /// control-Z shows.
  static let guardBytes: [UInt8] = [0x0D, 0x0A, 0x1A, 0x0A]
  /// Bytes of the header.
  package static let headerBytes = 32
  /// Bytes of one line of the section table.
  package static let entryBytes = 24
  /// Sections and tensors begin at multiples of this, so that vectors and whole cache lines can be read in place.
  package static let alignment = 64

  /// The next multiple of ``alignment``, or nil when that is beyond `UInt64`.
  static func aligned(_ offset: UInt64) -> UInt64? {
    let (sum, overflow) = offset.addingReportingOverflow(UInt64(alignment - 1))
    return overflow ? nil : sum & ~UInt64(alignment - 1)
  }

  /// How many zero bytes follow `count` bytes up to the next multiple of ``alignment``.
  static func padding(after count: Int) -> Int { (alignment - count % alignment) % alignment }
}

/// The kinds of sections; the raw values are part of the format. A file holds them in ascending order.
package enum SectionKind: UInt32, CaseIterable, Sendable {
  case trunk = 1
  case heads = 2
  case exits = 3
  case labels = 4
  case preprocessing = 5
  case policy = 6
  case headTensors = 7
  case trunkTensors = 8
  case packed = 9
  case packedTensors = 10
  case statistics = 11
  case statisticsTensors = 12

  /// The name in messages and in `Schemas/BUNDLE.md`.
  package var name: String {
    switch self {
    case .trunk: "trunk"
    case .heads: "heads"
    case .exits: "exits"
    case .labels: "labels"
    case .preprocessing: "preprocessing"
    case .policy: "policy"
    case .headTensors: "head tensors"
    case .trunkTensors: "trunk tensors"
    case .packed: "packed"
    case .packedTensors: "packed tensors"
    case .statistics: "statistics"
    case .statisticsTensors: "statistics tensors"
    }
  }

  /// Whether the section is a row of tensors, checked one by one before use, rather than a message.
  var holdsTensors: Bool {
    switch self {
    case .headTensors, .trunkTensors, .packedTensors, .statisticsTensors: true
    case .trunk, .heads, .exits, .labels, .preprocessing, .policy, .packed, .statistics: false
    }
  }

  /// The version of the format that first had it: what a file needs follows from its sections.
  var since: UInt32 {
    switch self {
    case .trunk, .heads, .exits, .labels, .preprocessing, .policy, .headTensors, .trunkTensors: 1
    case .packed, .packedTensors: 2
    case .statistics, .statisticsTensors: 3
    }
  }
}

/// What a file is, told by its first eight bytes.
public enum FileKind: Sendable {
  /// A `.pex` file: trunk, exits and base heads.
  case bundle
  /// A `.pexhead` file: one person's heads.
  case head
  /// Anything else.
  case other

  var letter: UInt8? {
    switch self {
    case .bundle: UInt8(ascii: "B")
    case .head: UInt8(ascii: "H")
    case .other: nil
    }
  }

  var name: String {
    switch self {
    case .bundle: "bundle (.pex)"
    case .head: "head file (.pexhead)"
    case .other: "file"
    }
  }

  /// The first eight bytes of a file of this kind.
  package var magic: [UInt8] { Array("PEX".utf8) + [letter ?? 0] + Format.guardBytes }

  /// The sections that a file of this kind may have, and whether it must.
  var sections: [(kind: SectionKind, required: Bool)] {
    switch self {
    case .bundle:
      [
        (.trunk, true), (.exits, true), (.labels, false), (.preprocessing, false), (.policy, false),
        (.headTensors, true), (.trunkTensors, true), (.packed, false), (.packedTensors, false), (.statistics, false),
        (.statisticsTensors, false),
      ]
    case .head: [(.heads, true), (.policy, false), (.headTensors, true)]
    case .other: []
    }
  }
}
