import Foundation
import PexData
import PexTensor

/// The files beside the tests, all made by Fixtures/make.py.
enum Fixture {
  static func path(_ name: String, of file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// A picture stored as u8 `[H, W, 3]`.
  static func picture(_ name: String) throws -> Picture {
    let array = try Npy.read(path: path(name))
    return try Picture(
      width: array.shape[1], height: array.shape[0], pixels: (array.integers ?? []).map { UInt8(clamping: $0) })
  }

  /// A fresh folder for one test, removed when `body` returns.
  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pex-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// Copies the fixture `name` to each of `paths`, making folders as needed.
  static func place(_ name: String, at paths: [String]) throws {
    for path in paths {
      let target = URL(fileURLWithPath: path)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes(name)).write(to: target)
    }
  }
}

extension Picture {
  /// The largest difference of any sample; nil when the sizes differ.
  func difference(from other: Picture) -> Int? {
    guard width == other.width, height == other.height else { return nil }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max()
  }
}

/// The error that `body` throws, if it is a ``PexError``.
func failure<Result>(_ body: () throws -> Result) -> PexError? {
  do {
    _ = try body()
    return nil
  } catch { return error as? PexError }
}
