import PexTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether a path that the user gave leads to a folder or to something else.
public enum FileKind: Sendable {
  case folder
  case file

  /// Looks at what is there; links count as what they lead to.
  /// - Throws: ``PexError`` (unreadable) when there is nothing.
  public init(_ path: String) throws {
    let place = SamplePath(argument: path)
    var status = stat()
    guard stat(cString(place.bytes), &status) == 0 else {
      throw PexError(.unreadable, "\(place): no such file or folder")
    }
    self = status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }
}
