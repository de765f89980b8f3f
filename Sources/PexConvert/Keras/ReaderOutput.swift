import PexTensor

/// Takes what a reader hands over: one line of JSON, then the bytes of a bundle. Both are bounded.
struct ReaderOutput {
  /// Bytes of the line. Names of all layers of the largest network take less.
  static let lineLimit = 4 << 20
  /// Bytes on standard error. A reader says two lines there.
  static let problemLimit = 1 << 16

  /// What the line says; nil as long as it is not whole.
  private(set) var answer: ReaderAnswer?
  /// What was said on standard error.
  private(set) var problems: [UInt8] = []
  /// The bundle.
  let bundle: UnnamedFile
  private let bundleLimit: Int
  private var line: [UInt8] = []

  /// - Parameter bundleLimit: bytes that the bundle may have.
  init(bundle: UnnamedFile, bundleLimit: Int) {
    self.bundle = bundle
    self.bundleLimit = bundleLimit
  }

  /// Takes the next bytes of standard output.
  /// - Throws: ``PexError`` (malformed) when there are too many; as ``ReaderAnswer/init(line:)`` as soon as the line is
  ///   whole; whatever writing the temporary file throws.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    if answer == nil {
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      line += rest[..<(end ?? rest.endIndex)]
      guard line.count <= Self.lineLimit else { throw Self.excess("in its first line", Self.lineLimit) }
      guard let end else { return }
      answer = try ReaderAnswer(line: line)
      rest = rest[(end + 1)...]
    }
    guard rest.count <= bundleLimit - bundle.count else { throw Self.excess("of a bundle", bundleLimit) }
    try bundle.write(UnsafeRawBufferPointer(rebasing: rest))
  }

  /// Takes the next bytes of standard error.
  /// - Throws: ``PexError`` (malformed) when there are too many.
  mutating func take(problem bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count <= Self.problemLimit - problems.count else {
      throw Self.excess("on standard error", Self.problemLimit)
    }
    problems += bytes
  }

  private static func excess(_ what: String, _ limit: Int) -> PexError {
    PexError(.malformed, "it gave more than \(limit) bytes \(what)")
  }
}
