import PexTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a sample lies: a path as the file system has it, which need not be text.
public struct SamplePath: Hashable, Sendable, CustomStringConvertible {
  /// The path for messages and reports. Bytes that are no UTF-8 stand as `\xE9`.
  public let description: String
  /// The path itself, where ``description`` is not it.
  private let raw: [UInt8]?

  /// A path that is text.
  public init(_ path: String) { (description, raw) = (path, nil) }

  /// A path of any bytes but zero.
  public init(bytes: [UInt8]) {
    let text = String(validating: bytes, as: UTF8.self)
    description = text ?? Self.escaped(bytes)
    raw = text == nil ? bytes : nil
  }

  /// A path that the user gave. Where it is no UTF-8, Swift's copy of the command line has other bytes than were given: those
  /// are looked up.
  public init(argument: String) {
    self.init(bytes: Self.given(argument) ?? Array(argument.utf8))
  }

  private static func given(_ argument: String) -> [UInt8]? {
    guard argument.unicodeScalars.contains("\u{FFFD}") else { return nil }
    for index in 0..<Int(CommandLine.argc) {
      guard let start = CommandLine.unsafeArgv[index] else { continue }
      let bytes = UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) }
      // Options may be joined with their value.
      for candidate in [bytes, Array(bytes.drop { $0 != UInt8(ascii: "=") }.dropFirst())]
      where String(decoding: candidate, as: UTF8.self) == argument {
        return candidate
      }
    }
    return nil
  }

  /// The path's bytes, without a zero at the end.
  public var bytes: [UInt8] { raw ?? Array(description.utf8) }

  /// Reads the regular file at this path.
  /// - Throws: ``PexError``: (unreadable) when it cannot be opened or is no file; (malformed) when it has more than `limit`
  ///   bytes; (inputOutput) when reading fails midway.
  func contents(atMost limit: Int) throws -> [UInt8] {
    let descriptor = opened()
    guard descriptor >= 0 else {
      throw PexError(.unreadable, "\(description): cannot be opened: \(systemMessage())")
    }
    defer { close(descriptor) }
    return try FileContents.bytes(descriptor: descriptor, path: description, atMost: limit)
  }

  /// At most the first `count` bytes of a regular file; nil when it cannot be opened.
  func firstBytes(_ count: Int) -> [UInt8]? {
    let descriptor = opened()
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: count)
    let found = read(descriptor, &start, count)
    return found < 0 ? nil : Array(start.prefix(found))
  }

  private func opened() -> Int32 { open(cString(bytes), O_RDONLY | O_CLOEXEC | O_NONBLOCK) }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var text = ""
    var rest = bytes[...]
    while let first = rest.first {
      // A character takes one to four bytes.
      let character = (1...4).lazy.compactMap { String(validating: rest.prefix($0), as: UTF8.self) }.first
      text += character ?? "\\x" + String(first, radix: 16, uppercase: true)
      rest = rest.dropFirst(character?.utf8.count ?? 1)
    }
    return text
  }
}
