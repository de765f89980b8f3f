import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file mapped read-only into memory for as long as this object lives.
public final class MappedFile: @unchecked Sendable {
  /// The path as it was given, for messages.
  public let path: String
  /// The whole file. Valid while this object lives; an empty file gives an empty buffer.
  public let bytes: UnsafeRawBufferPointer

  /// Maps the regular file at `path`.
  /// - Throws: ``PexError`` (unreadable) when it is missing, not a regular file, or cannot be mapped.
  public convenience init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw PexError(.unreadable, "\(path): cannot be opened: \(systemMessage())")
    }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Maps the regular file that was opened, which may be closed afterwards.
  /// - Throws: ``PexError`` (unreadable) when it is not a regular file or cannot be mapped.
  package init(descriptor: Int32, path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw PexError(.unreadable, "\(path): cannot be examined: \(systemMessage())")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PexError(.unreadable, "\(path): expected a file, found a folder or a device")
    }
    self.path = path
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw PexError(.unreadable, "\(path): cannot be mapped: \(systemMessage())")
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  /// Brings the pages of `range` into this process at once, which is faster than one by one; only a hint.
  public func populate(_ range: Range<Int>) {
    #if os(Linux)
      let page = sysconf(Int32(_SC_PAGESIZE))
      let first = range.lowerBound / page * page
      guard let base = bytes.baseAddress, first < range.upperBound, range.upperBound <= bytes.count else { return }
      // MADV_POPULATE_READ, which the C library's headers may be too old to name; older kernels refuse it.
      madvise(UnsafeMutableRawPointer(mutating: base + first), range.upperBound - first, 22)
    #endif
  }

  /// Gives the pages of `range` back to the system; they are read from the file again when touched.
  public func release(_ range: Range<Int>) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let first = (range.lowerBound + page - 1) / page * page
    let last = range.upperBound / page * page
    guard let base = bytes.baseAddress, last > first, range.upperBound <= bytes.count else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, MADV_DONTNEED)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}

/// The system's words for the current `errno`.
public func systemMessage() -> String { String(cString: strerror(errno)) }
