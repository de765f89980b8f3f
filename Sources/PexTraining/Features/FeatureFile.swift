import Foundation
import PexBundle
import PexTensor

/// A file with one ``TapColumn`` of many samples, which a later training reads instead of running the trunk.
///
/// Numbers are little-endian:
///
///     offset  bytes
///          0      8  "PEXCACHE"
///          8      4  version: 1; raised as well when pictures or kernels come to other numbers
///         12      4  content: 0 pooled, 1 map, 2 logits, 3 pooled of a branch, 4 the inputs' averages
///         16      8  numbers a record, n
///         24     32  the tap's prefix digest; the trunk's for logits; of their extents for inputs
///         56     16  the kernels' instruction set, padded with zeros
///         72     52  zeros
///        124      4  CRC-32C of the bytes before
///        128         records, each 32 + 4n + 4 bytes:
///                      the sample's digest, n float32, CRC-32C of the bytes before
///
/// Records stand in no order. A record that is cut off, damaged or holds numbers that are not finite does not count, and its place
/// is written over. There are no labels; but features tell something about the pictures, so the file is the owner's to
/// read alone. Checksums find damage, not malice: whoever can write the file decides what heads learn.
///
/// One program at a time holds the file; in it any thread may read.
final class FeatureFile: Sendable {
  private static let version: UInt32 = 1
  private static let headerBytes = 128

  /// For messages.
  let path: String
  /// Numbers a record.
  let width: Int
  private let descriptor: Int32

  /// Opens a column's file in a folder, or makes it. A file whose header is another's or damaged begins anew.
  /// - Throws: ``PexError``: (cannotCreate) when there is something else of that name, or another program holds it;
  ///   (inputOutput) when it cannot be read or written.
  init(_ column: TapColumn, kernels: String, folder: String) throws {
    let name = "\(column.digest.description.prefix(16))-\(column.content)-\(kernels).pexcache"
    path = (folder as NSString).appendingPathComponent(name)
    width = column.width
    descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PexError(.cannotCreate, "\(path): cannot be opened: \(systemMessage())") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PexError(.cannotCreate, "\(path): expected a file, found a folder or a device")
    }
    guard Self.lock(descriptor) else {
      throw PexError(
        .cannotCreate, "\(path): another program is using this cache", hint: "wait for it, or give another folder")
    }
    let header = Self.header(column, kernels)
    var found = [UInt8](repeating: 0, count: header.count)
    let count = try found.withUnsafeMutableBytes { try read(into: $0, at: 0) }
    if count < header.count || found != header {
      guard ftruncate(descriptor, 0) == 0 else { throw cannotWrite() }
      try header.withUnsafeBytes { try write($0, at: 0) }
    }
  }

  /// Takes the file for this program. A lock that was given up lasts on in a child process that this one is just starting, until
  /// that becomes another program, so a moment is waited.
  private static func lock(_ descriptor: Int32) -> Bool {
    for _ in 0..<50 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK || errno == EINTR else { return false }
      usleep(10_000)
    }
    return false
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static func header(_ column: TapColumn, _ kernels: String) -> [UInt8] {
    var bytes = Array("PEXCACHE".utf8)
    for number in [version, column.content.rawValue] { append(number, to: &bytes) }
    append(UInt64(column.width), to: &bytes)
    bytes += column.digest.bytes + kernels.utf8.prefix(16)
    bytes += [UInt8](repeating: 0, count: headerBytes - 4 - bytes.count)
    append(CRC32C.checksum(bytes), to: &bytes)
    return bytes
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  /// Bytes of one record.
  var recordBytes: Int { Digest.byteCount + width * MemoryLayout<Float>.stride + MemoryLayout<UInt32>.stride }

  /// How many whole records there is room for in the file as it is.
  func count() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw cannotRead(systemMessage()) }
    return max(Int(status.st_size) - Self.headerBytes, 0) / recordBytes
  }

  /// Looks through all records.
  /// - Parameter visit: gets a record's place and its sample's digest; nil when the record is damaged.
  func scan(_ visit: (_ slot: Int, _ sample: Digest?) -> Void) throws {
    let records = try count()
    // Many records at a time, or one where they are large.
    let block = max(1, (1 << 20) / recordBytes)
    var bytes = [UInt8](repeating: 0, count: min(block, max(records, 1)) * recordBytes)
    for first in stride(from: 0, to: records, by: block) {
      let part = min(block, records - first)
      try bytes.withUnsafeMutableBytes { bytes in
        let wanted = UnsafeMutableRawBufferPointer(rebasing: bytes[..<(part * recordBytes)])
        let found = try read(into: wanted, at: place(first))
        for index in 0..<part {
          let end = (index + 1) * recordBytes
          let record = UnsafeRawBufferPointer(rebasing: wanted[(end - recordBytes)..<end])
          visit(first + index, end <= found && isSound(record) ? Digest(record.prefix(Digest.byteCount)) : nil)
        }
      }
    }
  }

  /// Calls `body` with the numbers of some records, one after the other; they are valid within the call alone.
  /// - Throws: ``PexError`` (inputOutput) when a record is not sound any more; whatever `body` throws.
  func read(_ slots: some Sequence<Int>, _ body: (_ position: Int, UnsafePointer<Float>) throws -> Void) throws {
    // Of words, so that the numbers behind the digest are aligned.
    var words = [UInt32](repeating: 0, count: recordBytes / MemoryLayout<UInt32>.stride)
    try words.withUnsafeMutableBytes { bytes in
      for (position, slot) in slots.enumerated() {
        let count = try read(into: bytes, at: place(slot))
        guard count == recordBytes, isSound(UnsafeRawBufferPointer(bytes)), let base = bytes.baseAddress else {
          throw PexError(.inputOutput, "\(path): record \(slot) was changed while it was used", hint: "try again")
        }
        try body(position, UnsafeRawPointer(base + Digest.byteCount).assumingMemoryBound(to: Float.self))
      }
    }
  }

  /// Writes a record.
  /// - Throws: ``PexError``: (inputOutput) on a full disk for one, (defect) when the width is another.
  func write(_ numbers: [Float], of sample: Digest, to slot: Int) throws {
    guard numbers.count == width else { throw PexError(.defect, "\(numbers.count) numbers in a record of \(width)") }
    var record = sample.bytes
    record.reserveCapacity(recordBytes)
    numbers.withUnsafeBytes { record += $0 }
    Self.append(CRC32C.checksum(record), to: &record)
    try record.withUnsafeBytes { try write($0, at: place(slot)) }
  }

  /// Sees to it that everything written is on the disk.
  func flush() throws { guard fsync(descriptor) == 0 else { throw cannotWrite() } }

  private func place(_ slot: Int) -> Int { Self.headerBytes + slot * recordBytes }

  private func isSound(_ record: UnsafeRawBufferPointer) -> Bool {
    let end = recordBytes - MemoryLayout<UInt32>.stride
    let stored = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: end, as: UInt32.self))
    guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: record[..<end])) == stored else { return false }
    return (0..<width).allSatisfy { index in
      record.loadUnaligned(fromByteOffset: Digest.byteCount + index * MemoryLayout<Float>.stride, as: Float.self)
        .isFinite
    }
  }

  /// - Returns: how many bytes there were; fewer only at the end of the file.
  private func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = pread(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw cannotRead(systemMessage()) }
      if count == 0 { break }
      done += count
    }
    return done
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw cannotWrite() }
      done += count
    }
  }

  private func cannotRead(_ reason: String) -> PexError {
    PexError(.inputOutput, "\(path): cannot be read: \(reason)")
  }

  private func cannotWrite() -> PexError {
    PexError(
      .inputOutput, "\(path): cannot be written: \(systemMessage())",
      hint: "make room and start again: samples that are in the cache already stay there")
  }
}
