extension PexError.Kind {
  /// The exit status that the programs end with (after sysexits.h where it has a word for it).
  public var exitStatus: Int32 {
    switch self {
    case .usage: 64
    case .malformed, .notFinite: 65
    case .unreadable: 66
    case .unsupported: 69
    case .defect, .exhausted: 70
    case .cannotCreate: 73
    case .inputOutput: 74
    case .mismatch: 76
    case .refused: 77
    }
  }

  /// What a program means that ends with this status; nil when none of pex does.
  public init?(exitStatus: Int32) {
    guard let kind = Self.allCases.first(where: { $0.exitStatus == exitStatus }) else { return nil }
    self = kind
  }
}
