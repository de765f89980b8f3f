import PexTensor

/// How the borders of a sliding window are padded. It stays symbolic until a plan is made, because what "same" means
/// depends on the input's extent.
public enum Padding: Hashable, Sendable {
  /// Elements added in front of and behind every spatial axis; none negative.
  case explicit(before: [Int], after: [Int])
  /// Output extent = ceil(input / stride); the odd element goes behind.
  case sameUpper
  /// Output extent = ceil(input / stride); the odd element goes in front.
  case sameLower
  /// None.
  case valid

  enum Kind: String, CaseIterable {
    case explicit
    case sameUpper = "same_upper"
    case sameLower = "same_lower"
    case valid
  }

  var attributes: [Attribute] {
    switch self {
    case .explicit(let before, let after):
      [
        Attribute("padding", .word(Kind.explicit.rawValue)), Attribute("before", .integers(before)),
        Attribute("after", .integers(after)),
      ]
    case .sameUpper: [Attribute("padding", .word(Kind.sameUpper.rawValue))]
    case .sameLower: [Attribute("padding", .word(Kind.sameLower.rawValue))]
    case .valid: [Attribute("padding", .word(Kind.valid.rawValue))]
    }
  }

  init(from reader: inout AttributeReader) throws {
    let kind: Kind = try reader.choice("padding")
    switch kind {
    case .explicit:
      self = .explicit(before: try reader.integers("before"), after: try reader.integers("after"))
    case .sameUpper: self = .sameUpper
    case .sameLower: self = .sameLower
    case .valid: self = .valid
    }
  }
}
