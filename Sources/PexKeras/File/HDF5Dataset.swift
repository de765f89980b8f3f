import CHDF5
import PexTensor

/// An array of numbers in an HDF5 file, found sound but not read yet.
struct HDF5Dataset {
  /// Where it is in the file.
  let path: String
  /// The extents, outermost first.
  let extents: [Int]
  private let object: HDF5Group

  /// The most axes that weights have.
  private static let rankLimit = 8
  /// Deflate cannot make data more than 1032 times smaller.
  private static let highestRatio: UInt64 = 1032

  /// - Parameter object: the open dataset.
  init(_ object: HDF5Group) throws {
    self.object = object
    path = object.path
    var about = pex_hdf5_dataset()
    guard pex_hdf5_describe(object.id, &about) >= 0 else { throw HDF5Group.failure(path) }
    try Self.requireOwnStorage(about, path)
    guard about.is_float || about.is_integer else { throw PexError(.malformed, "\(path): expected numbers") }
    guard about.rank <= Self.rankLimit else {
      throw PexError(.malformed, "\(path): expected at most \(Self.rankLimit) axes, found \(about.rank)")
    }
    let declared = withUnsafeBytes(of: about.extents) { Array($0.bindMemory(to: UInt64.self).prefix(Int(about.rank))) }
    let place = path
    extents = try declared.map { extent in
      guard let extent = Int(exactly: extent) else { throw PexError(.malformed, "\(place): an extent is \(extent)") }
      return extent
    }
    try requireData(about)
  }

  /// The numbers, as f32.
  /// - Throws: ``PexError`` (malformed) when they cannot be read.
  func read() throws -> Tensor {
    try Tensor(.float32, Shape(extents)) { bytes in
      guard !bytes.isEmpty else { return }
      guard pex_hdf5_read_floats(object.id, bytes.bindMemory(to: Float.self).baseAddress) >= 0 else {
        throw HDF5Group.failure(path)
      }
    }
  }

  private static func requireOwnStorage(_ about: pex_hdf5_dataset, _ path: String) throws {
    guard !about.is_virtual, !about.is_external else {
      throw PexError(
        .unsupported, "\(path): its numbers lie in other files, which are not opened", hint: "save the model again")
    }
    guard about.other_filter == 0 else {
      throw PexError(
        .unsupported, "\(path): is stored through filter \(about.other_filter), and no plugin is loaded",
        hint: "save the model uncompressed or with gzip")
    }
  }

  /// Refuses to allocate for numbers that the file does not hold.
  private func requireData(_ about: pex_hdf5_dataset) throws {
    let count = try Shape(extents).count
    let (bytes, overflow) = about.size.multipliedReportingOverflow(by: UInt64(count))
    let (most, isMore) = about.stored.multipliedReportingOverflow(by: about.is_deflated ? Self.highestRatio : 1)
    guard !overflow, isMore || bytes <= most else {
      throw PexError(
        .malformed, "\(path): declares \(extents), more than the \(about.stored) bytes that are stored for it can be")
    }
    // A chunk is unpacked as a whole.
    let (chunk, isHuge) = about.chunk.multipliedReportingOverflow(by: about.size)
    guard !isHuge, chunk <= bytes.addingReportingOverflow(1 << 20).partialValue else {
      throw PexError(.malformed, "\(path): is stored in chunks of \(about.chunk) elements, far more than it has")
    }
  }
}
