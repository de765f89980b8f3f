import CHDF5
import PexTensor

/// An open HDF5 file. It stays open as long as one of its groups is in use.
final class HDF5File {
  let id: Int64

  /// Opens the file at `path`.
  /// - Throws: ``PexError`` (malformed) when it is no HDF5 file or a damaged one.
  init(path: String) throws { id = try Self.checked(pex_hdf5_open(path)) }

  /// Opens a file in memory, which is copied.
  /// - Throws: ``PexError`` (malformed) when it is no HDF5 file or a damaged one.
  init(bytes: [UInt8]) throws {
    id = try Self.checked(bytes.withUnsafeBytes { pex_hdf5_open_image($0.baseAddress, $0.count) })
  }

  deinit { pex_hdf5_close_file(id) }

  /// The group at the top.
  var root: HDF5Group { HDF5Group(file: self, id: id, path: "") }

  private static func checked(_ id: Int64) throws -> Int64 {
    guard id >= 0 else { throw HDF5Group.failure("expected an HDF5 file") }
    return id
  }
}
