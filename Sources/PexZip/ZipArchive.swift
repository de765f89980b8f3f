import CZip
import PexTensor

/// A zip file in memory, read through libzip.
package struct ZipArchive: ~Copyable {
  /// One file in the archive. Nothing here is trusted beyond what is checked in ``entry(_:)``.
  package struct Entry {
    package var index: UInt64
    package var name: String
    /// Bytes when uncompressed, as declared.
    package var size: Int
  }

  private let handle: OpaquePointer
  /// The number of files.
  package let count: Int

  /// Deflate cannot make data more than 1032 times smaller: a bit for a match of 258 bytes, a bit for its distance.
  private static let highestRatio = 1032

  /// Opens the archive in `bytes`, which stay valid as long as this lives.
  /// - Throws: ``PexError`` (malformed) when it is no zip file.
  package init(_ bytes: UnsafeRawBufferPointer) throws {
    // Libzip takes an empty file for an empty archive.
    guard !bytes.isEmpty else { throw PexError(.malformed, "cannot be read as a zip file: it is empty") }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = zip_source_buffer_create(bytes.baseAddress, UInt64(bytes.count), 0, &error) else {
      throw PexError(.malformed, "cannot be read as a zip file: \(String(cString: zip_error_strerror(&error)))")
    }
    guard let handle = zip_open_from_source(source, ZIP_RDONLY, &error) else {
      zip_source_free(source)
      throw PexError(.malformed, "cannot be read as a zip file: \(String(cString: zip_error_strerror(&error)))")
    }
    self.handle = handle
    count = max(Int(zip_get_num_entries(handle, 0)), 0)
  }

  deinit { zip_discard(handle) }

  /// What the archive says of its file number `index`.
  /// - Throws: ``PexError`` (malformed) when it says nothing, or what cannot be.
  package func entry(_ index: Int) throws -> Entry {
    var status = zip_stat_t()
    zip_stat_init(&status)
    let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
    guard zip_stat_index(handle, UInt64(index), 0, &status) == 0, status.valid & needed == needed,
      let text = status.name, let size = Int(exactly: status.size), let packed = Int(exactly: status.comp_size)
    else { throw PexError(.malformed, "file number \(index) in the archive has no sound description") }
    let name = String(cString: text)
    let isPossible =
      switch Int32(status.comp_method) {
      case ZIP_CM_STORE: size == packed
      case ZIP_CM_DEFLATE: size / Self.highestRatio <= packed
      default: throw PexError(.malformed, "'\(name)' is compressed by method \(status.comp_method), expected deflate")
      }
    guard isPossible else {
      throw PexError(.malformed, "'\(name)' declares \(size) bytes, too many for the \(packed) that are stored")
    }
    return Entry(index: UInt64(index), name: name, size: size)
  }

  /// The names of the first files, as far as the archive gives them.
  package func names(limit: Int) -> [String] {
    (0..<min(count, limit)).compactMap { index in
      zip_get_name(handle, UInt64(index), 0).map { String(cString: $0) }
    }
  }

  /// Starts to read a file. The stream must not outlive the archive.
  /// - Throws: ``PexError`` (malformed) when it cannot be read.
  package func open(_ entry: Entry) throws -> ZipStream {
    guard let file = zip_fopen_index(handle, entry.index, 0) else {
      throw PexError(.malformed, "cannot be read: \(String(cString: zip_strerror(handle)))")
    }
    return ZipStream(file)
  }
}

/// The uncompressed bytes of one file in an archive, from start to end.
package struct ZipStream: ~Copyable {
  private let file: OpaquePointer

  init(_ file: OpaquePointer) { self.file = file }

  deinit { zip_fclose(file) }

  /// Reads exactly as many bytes as `target` holds.
  /// - Throws: ``PexError`` (malformed) when there are fewer, or they are damaged.
  package func read(into target: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < target.count, let base = target.baseAddress {
      let step = Int(zip_fread(file, base + done, UInt64(target.count - done)))
      guard step > 0 else { throw PexError(.malformed, step < 0 ? problem : "the data end too early") }
      done += step
    }
  }

  /// The next `count` bytes.
  /// - Throws: as ``read(into:)``.
  package func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return bytes
  }

  /// Checks that all has been read; libzip compares the checksum at this point.
  /// - Throws: ``PexError`` (malformed) when more bytes follow, or the checksum differs.
  package func finish() throws {
    var byte: UInt8 = 0
    let step = zip_fread(file, &byte, 1)
    guard step == 0 else { throw PexError(.malformed, step < 0 ? problem : "more data than the archive declares") }
  }

  private var problem: String { String(cString: zip_file_strerror(file)) }
}
