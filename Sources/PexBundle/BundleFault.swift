import PexTensor

/// Everything that can be wrong with a bundle or a head file. Each case says what its presence means.
package enum BundleFault: Hashable, Sendable {
  /// The file does not begin with the eight bytes that mark the kind of file that was asked for.
  case foreign(expected: String)
  /// The file ends before its header or its section table does.
  case short(expected: Int, found: Int)
  /// The header and the section table do not have the checksum that the header states.
  case headerChecksum(expected: UInt32, found: UInt32)
  /// The file says that only newer versions of pex can read it.
  case newer(minimum: UInt32)
  /// The file is shorter or longer than its header says: it was cut off, or something was appended.
  case length(expected: UInt64, found: Int)
  /// There is a kind of section that this version does not know or that this kind of file does not have.
  case unknownSection(UInt32)
  /// Sections do not stand in ascending order of their kinds, each kind once.
  case sectionOrder
  /// A section that every file of this kind has is not there.
  case missing
  /// A section does not begin where the one before it ends: they overlap or leave room in which bytes could hide.
  case place(expected: UInt64, found: UInt64)
  /// A section is larger than its kind may be, or reaches beyond the end of the file.
  case size(UInt64, limit: UInt64)
  /// The bytes do not have the checksum that was stored with them: the file is damaged.
  case checksum(expected: UInt32, found: UInt32)
  /// Bytes between the parts of a file, which are always zero, are not.
  case padding(at: Int)
  /// The bytes are no message of the schema.
  case undecodable
  /// The message has fields that this version does not know.
  case unknownFields
  /// The message could be written differently: the same content would have two encodings.
  case notCanonical
  /// There is more of something than the specification allows.
  case limit(String, count: Int, limit: Int)
  /// A number that stands for a value, an exit or a place names none that is there.
  case reference(String, Int)
  /// A setting has a value that the specification does not allow.
  case value(String, expected: String, found: String)
  /// The tensors take more or fewer bytes than the section has.
  case tensorBytes(expected: Int, found: Int)
  /// What was computed anew differs from what is stored: the file was put together wrongly or changed with care.
  case digest(String)

  /// The fault as an error that names the part of the file where it is.
  package func error(_ section: String) -> PexError {
    switch self {
    case .newer(let minimum):
      PexError(
        .unsupported, "\(section): the file needs version \(minimum) of the format, this pex reads \(Format.version)",
        hint: "use a newer pex")
    case .unknownSection(let kind):
      PexError(.unsupported, "\(section): section kind \(kind) is unknown here", hint: "a newer pex may know it")
    case .unknownFields:
      PexError(.unsupported, "\(section): holds fields that are unknown here", hint: "a newer pex may know them")
    case .foreign(let expected) where expected == FileKind.bundle.name:
      PexError(.malformed, "\(section): \(words)", hint: "pexconvert makes a bundle of an ONNX or a Keras model")
    default: PexError(.malformed, "\(section): \(words)")
    }
  }

  private var words: String {
    switch self {
    case .foreign(let expected): "expected a \(expected), found another kind of file"
    case .short(let expected, let found): "expected at least \(expected) bytes, found \(found)"
    case .headerChecksum(let expected, let found), .checksum(let expected, let found):
      "damaged: expected checksum \(hexadecimal(expected)), found \(hexadecimal(found))"
    case .length(let expected, let found): "expected a file of \(expected) bytes, found \(found)"
    case .sectionOrder: "sections are not in ascending order, each once"
    case .missing: "expected this section, found none"
    case .place(let expected, let found): "expected it to begin at byte \(expected), found \(found)"
    case .size(let size, let limit): "has \(size) bytes, expected at most \(limit)"
    case .padding(let offset): "expected zero padding at byte \(offset)"
    case .undecodable: "is no valid message"
    case .notCanonical: "is not in its canonical encoding"
    case .limit(let what, let count, let limit): "\(count) \(what), expected at most \(limit)"
    case .reference(let what, let number): "\(what) \(number) does not exist"
    case .value(let what, let expected, let found): "\(what): expected \(expected), found \(found)"
    case .tensorBytes(let expected, let found): "expected \(expected) bytes of tensors, found \(found)"
    case .digest(let what): "\(what) is not what its content gives"
    case .newer, .unknownSection, .unknownFields: "cannot be read by this version"
    }
  }
}

private func hexadecimal(_ number: UInt32) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
