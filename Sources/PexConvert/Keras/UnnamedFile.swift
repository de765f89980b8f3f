import CPexProcess
import Foundation
import PexBundle
import PexTensor

/// A temporary file without a name: nobody else finds it, and it goes with its last user, even one that is killed.
final class UnnamedFile {
  private let descriptor: Int32
  private let sink: AtomicFile.Sink
  /// Bytes written.
  private(set) var count = 0

  /// - Parameter folder: where its bytes lie.
  /// - Throws: ``PexError`` (cannotCreate) when there is no room for one.
  init(in folder: String) throws {
    descriptor = pex_open_unnamed(folder)
    guard descriptor >= 0 else {
      throw PexError(
        .cannotCreate, "\(folder): no temporary file can be created: \(systemMessage())",
        hint: "TMPDIR names another folder")
    }
    sink = AtomicFile.Sink(descriptor: descriptor, path: "a temporary file in \(folder)")
  }

  deinit { close(descriptor) }

  /// Appends bytes.
  /// - Throws: ``PexError`` (inputOutput), on a full disk for one.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try sink.write(bytes)
    count += bytes.count
  }

  /// The file in memory, which stays when this object goes.
  /// - Throws: ``PexError`` (unreadable) when it cannot be mapped.
  func mapped(named name: String) throws -> MappedFile { try MappedFile(descriptor: descriptor, path: name) }
}
