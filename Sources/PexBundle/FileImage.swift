import Foundation
import PexTensor

/// The bytes of one file: mapped and used in place, or held in memory.
final class FileImage: Sendable {
  private enum Content: Sendable {
    case mapped(MappedFile)
    case memory([UInt8])
  }

  private let content: Content
  /// The number of bytes.
  let count: Int

  /// A file that is used in place.
  init(mapped file: MappedFile) {
    content = .mapped(file)
    count = file.bytes.count
  }

  /// Bytes that are in memory already.
  init(_ bytes: [UInt8]) {
    content = .memory(bytes)
    count = bytes.count
  }

  /// Calls `body` with some of the bytes. They are valid only within the call.
  /// - Throws: ``PexError`` (defect) when the range is not within the file; whatever `body` throws.
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw PexError(.defect, "bytes \(range) are beyond the file's \(count)")
    }
    switch content {
    case .mapped(let file):
      return try withExtendedLifetime(file) { try body(UnsafeRawBufferPointer(rebasing: file.bytes[range])) }
    case .memory(let bytes): return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
  }

  /// Gives memory back that holds bytes of a mapped file.
  func release(_ range: Range<Int>) {
    if case .mapped(let file) = content { file.release(range) }
  }

  /// A copy of some of the bytes.
  /// - Throws: ``PexError`` (defect) when the range is not within the file.
  func copy(_ range: Range<Int>) throws -> [UInt8] { try withBytes(range) { Array($0) } }

  /// The tensor that begins at `offset`: in place when the file is mapped, else a copy.
  /// - Throws: ``PexError`` (malformed) when it is not within the file.
  func tensor(_ dtype: DType, _ shape: Shape, at offset: Int) throws -> Tensor {
    switch content {
    case .mapped(let file): return try Tensor(dtype, shape, file: file, offset: offset)
    case .memory:
      let (end, overflow) = offset.addingReportingOverflow(try shape.byteCount(dtype))
      guard !overflow, offset >= 0, end <= count else {
        throw PexError(.malformed, "a tensor at byte \(offset) is beyond the file's \(count)")
      }
      return try withBytes(offset..<end) { source in try Tensor(dtype, shape) { $0.copyMemory(from: source) } }
    }
  }

  /// Reads a whole file into memory, so that nobody can change it any more.
  /// - Throws: ``PexError`` (unreadable) when it is missing or no file, (malformed) when it is larger than `limit`,
  ///   (inputOutput) when reading fails midway.
  static func read(path: String, limit: Int) throws -> FileImage {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw PexError(.unreadable, "\(path): cannot be opened: \(systemMessage())") }
    defer { close(descriptor) }
    return FileImage(try FileContents.bytes(descriptor: descriptor, path: path, atMost: limit))
  }
}
