import CHDF5
import PexTensor

/// A group of an HDF5 file.
final class HDF5Group {
  /// Where it is in the file; empty at the top.
  let path: String
  let id: Int64
  private let file: HDF5File

  /// - Parameter id: of the open group or dataset, which is closed with this.
  init(file: HDF5File, id: Int64, path: String) {
    self.file = file
    self.id = id
    self.path = path
  }

  deinit { if id != file.id { pex_hdf5_close_object(id) } }

  /// The group at a path from here, or nil when there is none.
  /// - Throws: ``PexError`` (malformed) when a link on the way leads elsewhere or nowhere, or there is a dataset.
  func group(_ path: String) throws -> HDF5Group? {
    guard let found = try open(path) else { return nil }
    guard !pex_hdf5_is_dataset(found.id) else {
      throw PexError(.malformed, "\(found.path): expected a group, found a dataset")
    }
    return found
  }

  /// The dataset at a path from here, or nil when there is none.
  /// - Throws: ``PexError``: (malformed) as ``group(_:)`` and when its description is not sound; (unsupported) when its
  ///   numbers lie elsewhere or are compressed in a way that is not built in.
  func dataset(_ path: String) throws -> HDF5Dataset? {
    guard let found = try open(path) else { return nil }
    guard pex_hdf5_is_dataset(found.id) else {
      throw PexError(.malformed, "\(found.path): expected a dataset, found a group")
    }
    return try HDF5Dataset(found)
  }

  /// The names of the first members.
  func memberNames(limit: Int) -> [String] {
    let count = min(max(pex_hdf5_member_count(id), 0), Int64(limit))
    var text = [CChar](repeating: 0, count: 1024)
    return (0..<UInt64(count)).compactMap { index in
      let length = pex_hdf5_member_name(id, index, &text, text.count)
      guard length > 0, length < text.count else { return nil }
      return String(decoding: text.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// Groups within groups that are followed; Keras nests models a few deep.
  private static let depthLimit = 64

  private func open(_ path: String) throws -> HDF5Group? {
    var here = self
    let names = path.split(separator: "/")
    guard names.count <= Self.depthLimit else {
      throw PexError(.malformed, "\(path.prefix(64))…: expected at most \(Self.depthLimit) groups within each other")
    }
    for name in names {
      let place = here.path.isEmpty ? String(name) : "\(here.path)/\(name)"
      guard !pex_hdf5_is_dataset(here.id) else { return nil }
      let id = pex_hdf5_open_member(here.id, String(name))
      switch id {
      case Int64(PEX_HDF5_MISSING): return nil
      case Int64(PEX_HDF5_LINK):
        throw PexError(
          .malformed, "\(place): is a soft or external link, which is not followed", hint: "save the model again")
      case ..<0: throw Self.failure(place)
      default: here = HDF5Group(file: file, id: id, path: place)
      }
    }
    return here
  }

  /// An error with what the library says of the last failure.
  static func failure(_ place: String) -> PexError {
    let problem = String(cString: pex_hdf5_problem())
    return PexError(.malformed, "\(place): \(problem.isEmpty ? "libhdf5 cannot read it" : "libhdf5 says: \(problem)")")
  }
}
