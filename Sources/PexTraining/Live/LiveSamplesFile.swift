import Foundation
import PexBundle
import PexRuntime
import PexTensor

/// A file with a person's samples, as far as training needs them: their classes and what the trunk said of them.
///
/// Numbers are little-endian:
///
///     offset  bytes
///          0      8  "PEXLIVE\0"
///          8      4  version: 1
///         12      4  columns, c
///         16      4  classes, k
///         20      4  samples, s
///         24      8  number of the last sample that was ever added
///         32         c columns: content (4), numbers a sample (4), digest of what they come from (32)
///                    k classes: bytes of the name (4), the name in UTF-8
///                    s samples: number (8), class (4; 2³² - 1: none), the columns' float32 one behind the other
///                    CRC-32C of everything before (4)
///
/// A class of the model is listed when a sample has it, those of the person's own are listed first in their order, marked by the
/// highest bit of the length. Features tell something about the pictures, so the file is the owner's to read alone.
struct LiveSamplesFile {
  private static let magic = Array("PEXLIVE\0".utf8)
  private static let version: UInt32 = 1
  private static let noClass = UInt32.max
  private static let ownMark: UInt32 = 1 << 31
  /// No name is longer.
  private static let mostNameBytes = 4096

  struct Sample {
    let number: Int
    let className: String?
    /// One row a column.
    let rows: [[Float]]
  }

  var columns: [TapColumn]
  /// The person's own classes.
  var own: [String]
  var samples: [Sample]
  var lastNumber: Int

  /// The file's bytes.
  func encoded() -> [UInt8] {
    let known = Set(samples.compactMap(\.className)).subtracting(own).sorted()
    let places = Dictionary((own + known).enumerated().map { ($1, UInt32($0)) }) { first, _ in first }
    var bytes = Self.magic
    bytes.append(Self.version)
    for count in [columns.count, places.count, samples.count] { bytes.append(UInt32(count)) }
    bytes.append(UInt64(lastNumber))
    for column in columns {
      bytes.append(column.content.rawValue)
      bytes.append(UInt32(column.width))
      bytes += column.digest.bytes
    }
    for (place, name) in (own + known).enumerated() {
      bytes.append(UInt32(name.utf8.count) | (place < own.count ? Self.ownMark : 0))
      bytes += Array(name.utf8)
    }
    for sample in samples {
      bytes.append(UInt64(sample.number))
      bytes.append(sample.className.flatMap { places[$0] } ?? Self.noClass)
      for row in sample.rows { bytes.append(row) }
    }
    bytes.append(CRC32C.checksum(bytes))
    return bytes
  }

  /// Reads a file.
  /// - Parameter columns: what is wanted of every sample.
  /// - Throws: ``PexError``: (malformed) when it is damaged or no such file, (unsupported) when it needs a newer pex,
  ///   (refused) when its samples were seen by another network or at other exits.
  init(_ bytes: [UInt8], wanting columns: [TapColumn]) throws {
    var reader = Reader(bytes)
    guard try reader.take(8) == Self.magic[...] else {
      throw PexError(.malformed, "expected a file of samples, found something else")
    }
    let version: UInt32 = try reader.number()
    guard version == Self.version else {
      throw PexError(.unsupported, "the samples were written in form \(version), which needs a newer pex")
    }
    guard bytes.count > 36, CRC32C.checksum(Array(bytes.dropLast(4))) == Reader.last(bytes) else {
      throw PexError(.malformed, "the checksum does not fit: the file is damaged")
    }
    let (columnCount, classCount, count) = (
      Int(try reader.number() as UInt32), Int(try reader.number() as UInt32), Int(try reader.number() as UInt32)
    )
    guard let lastNumber = Int(exactly: try reader.number() as UInt64) else {
      throw Reader.fault("a number of samples")
    }
    self.lastNumber = lastNumber
    var found: [(key: Key, width: Int)] = []
    try reader.require(columnCount, each: 40)
    for _ in 0..<columnCount {
      let (content, width): (UInt32, UInt32) = (try reader.number(), try reader.number())
      found.append((Key(content: content, width: Int(width), digest: Array(try reader.take(32))), Int(width)))
    }
    var names: [String] = []
    var own: [String] = []
    try reader.require(classCount, each: 4)
    for _ in 0..<classCount {
      let word: UInt32 = try reader.number()
      let length = Int(word & ~Self.ownMark)
      guard length <= Self.mostNameBytes, let name = String(validating: try reader.take(length), as: UTF8.self) else {
        throw Reader.fault("the name of a class")
      }
      names.append(name)
      if word & Self.ownMark != 0 { own.append(name) }
    }
    let places = try columns.map { column -> Int in
      let key = Key(content: column.content.rawValue, width: column.width, digest: column.digest.bytes)
      guard let place = found.firstIndex(where: { $0.key == key }) else {
        throw PexError(
          .refused, "the samples were kept for another network or other exits: nothing is kept of \(column.name)",
          hint: "add the samples anew")
      }
      return place
    }
    let floats = found.reduce(0) { FeatureBudget.sum($0, $1.width) }
    try reader.require(count, each: FeatureBudget.sum(12, saturatingProduct(floats, 4)))
    var samples: [Sample] = []
    for _ in 0..<count {
      guard let number = Int(exactly: try reader.number() as UInt64), number <= lastNumber,
        number > samples.last?.number ?? 0
      else { throw Reader.fault("the number of a sample") }
      let word: UInt32 = try reader.number()
      guard word == Self.noClass || Int(word) < names.count else { throw Reader.fault("the class of sample \(number)") }
      let rows = try found.map { try reader.floats($0.width) }
      samples.append(
        Sample(
          number: number, className: word == Self.noClass ? nil : names[Int(word)], rows: places.map { rows[$0] }))
    }
    guard reader.rest == 4 else { throw Reader.fault("the end of the file") }
    (self.columns, self.own, self.samples) = (columns, own, samples)
  }

  /// The bytes of a file.
  /// - Parameter limit: how many bytes of features are allowed; the rest of a file is small.
  /// - Throws: ``PexError`` (unreadable), (malformed) when it is no file or longer than that.
  static func bytes(of path: String, limit: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw PexError(.unreadable, "\(path): cannot be opened: \(systemMessage())") }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PexError(.malformed, "\(path): expected a file, found a folder or a device")
    }
    let most = FeatureBudget.sum(limit, 64 << 20)
    guard let data = try? handle.read(upToCount: FeatureBudget.sum(most, 1)), data.count <= most else {
      throw PexError(.malformed, "\(path): expected at most \(most) bytes of samples, found more")
    }
    return Array(data)
  }

  init(columns: [TapColumn], own: [String], samples: [Sample], lastNumber: Int) {
    (self.columns, self.own, self.samples, self.lastNumber) = (columns, own, samples, lastNumber)
  }

  /// What a column is known by in a file.
  private struct Key: Hashable {
    let content: UInt32
    let width: Int
    let digest: [UInt8]
  }

  /// Reads bytes one behind the other, and none that are not there.
  private struct Reader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var rest: Int { bytes.count - position }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard count <= rest else { throw Self.fault("\(count) more bytes") }
      defer { position += count }
      return bytes[position..<position + count]
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>() throws -> Number {
      try take(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    /// So many numbers, all at once: a file has millions.
    mutating func floats(_ count: Int) throws -> [Float] {
      let floats = try take(saturatingProduct(count, 4)).withUnsafeBytes { bytes in
        (0..<count).map {
          Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
      guard floats.allSatisfy(\.isFinite) else { throw Self.fault("finite numbers") }
      return floats
    }

    /// Before anything is read or made room for.
    func require(_ count: Int, each: Int) throws {
      guard saturatingProduct(count, each) <= rest else { throw Self.fault("\(count) entries in \(rest) bytes") }
    }

    static func last(_ bytes: [UInt8]) -> UInt32 { bytes.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    static func fault(_ what: String) -> PexError {
      PexError(.malformed, "the file of samples is damaged: expected \(what)", hint: "add the samples anew")
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ row: [Float]) {
    row.map(\.bitPattern.littleEndian).withUnsafeBytes { append(contentsOf: $0) }
  }

  fileprivate mutating func append(_ number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
