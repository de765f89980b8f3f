import Crypto
import PexTensor

/// A SHA-256 digest: 32 bytes.
public struct Digest: Hashable, Sendable {
  /// Bytes of a digest.
  public static let byteCount = 32
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// The digest with the given bytes, or nil when there are not 32.
  public init?(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    guard self.bytes.count == Self.byteCount else { return nil }
  }

  init(_ digest: SHA256.Digest) { bytes = Array(digest) }
}

extension Digest {
  /// The digest of lines of text, none confused with another.
  package init(lines: [String], tag: String) {
    var writer = DigestWriter(tag: tag)
    for line in lines { writer.add(line) }
    self = writer.finish()
  }
}

extension Digest: CustomStringConvertible {
  /// 64 hexadecimal digits.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Feeds a SHA-256 with fields that cannot be confused with one another: numbers have a fixed width and everything
/// else has its length in front. The tag keeps digests of different things apart.
struct DigestWriter {
  private var hash = SHA256()

  init(tag: String) { add(tag) }

  mutating func add(_ byte: UInt8) { hash.update(data: [byte]) }

  mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
  }

  mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

  mutating func add(_ text: String) { add(bytes: Array(text.utf8)) }

  mutating func add(bytes: [UInt8]) { bytes.withUnsafeBytes { add(bytes: $0) } }

  mutating func add(bytes: UnsafeRawBufferPointer) {
    add(bytes.count)
    hash.update(bufferPointer: bytes)
  }

  mutating func add(_ digest: Digest) { hash.update(data: digest.bytes) }

  func finish() -> Digest { Digest(hash.finalize()) }
}
