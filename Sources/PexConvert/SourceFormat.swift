import Foundation
import PexBundle
import PexTensor

/// The kinds of model files, told by their first bytes.
enum SourceFormat {
  case bundle, head
  /// HDF5, or the zip archive of Keras 3.
  case keras
  /// Nothing that has a signature: ONNX has none.
  case other

  /// What the file at `path` is.
  /// - Throws: ``PexError``: (unreadable) when it is missing or no file, (malformed) when it is known to be something else,
  ///   with what to do about that.
  init(ofFileAt path: String) throws {
    if let names = Self.folder(path) {
      throw WrongFile.folderFinding(names)?.error(path, .unreadable)
        ?? PexError(.unreadable, "\(path): is a folder, expected a file")
    }
    switch try BundleReader.kind(ofFileAt: path) {
    case .bundle: self = .bundle
    case .head: self = .head
    case .other:
      let file = try MappedFile(path: path)
      self = try withExtendedLifetime(file) { try Self.kind(file.bytes, path) }
    }
  }

  private static func kind(_ bytes: UnsafeRawBufferPointer, _ path: String) throws -> SourceFormat {
    if isHDF5(bytes) { return .keras }
    let finding = isZip(bytes) ? WrongFile.zipFinding(bytes) : WrongFile.finding(bytes)
    if let finding { throw finding.error(path) }
    return isZip(bytes) ? .keras : .other
  }

  /// What a folder holds, in no order; nil for anything else.
  private static func folder(_ path: String) -> [String]? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { return nil }
    return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  /// Whether the bytes are HDF5's: its signature stands at the start, or behind a block of the user's own of 512 bytes or
  /// a power of two times that (HDF5 file format specification, "Superblock").
  static func isHDF5(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    let places = [0] + (9...23).map { 1 << $0 }
    return places.contains { $0 < bytes.count && bytes[$0...].starts(with: signature) }
  }

  private static func isZip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x50, 0x4b, 0x03, 0x04])
  }
}
