import Foundation
import PexTensor

/// Tells what a file is before it is opened.
public enum BundleReader {
  /// What a file with these bytes is. The first eight decide; fewer are enough to tell that it is something else.
  public static func kind(of bytes: some Sequence<UInt8>) -> FileKind {
    let start = Array(bytes.prefix(8))
    if start == FileKind.bundle.magic { return .bundle }
    return start == FileKind.head.magic ? .head : .other
  }

  /// What the file at `path` is.
  /// - Throws: ``PexError`` (unreadable) when it is missing or cannot be read.
  public static func kind(ofFileAt path: String) throws -> FileKind {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw PexError(.unreadable, "\(path): cannot be opened: \(systemMessage())") }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: 8)
    let got = read(descriptor, &start, start.count)
    guard got >= 0 else { throw PexError(.unreadable, "\(path): cannot be read: \(systemMessage())") }
    return kind(of: start.prefix(got))
  }
}
