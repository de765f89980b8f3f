import Crypto
import PexTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files below a model's folder that hold its weights, each mapped when it is first asked for.
///
/// A model names them, and a model comes from anywhere. So a name leads nowhere but below the folder: it is walked
/// from there step by step, each step without following links, and a file with a second name elsewhere is refused.
final class ExternalFiles {
  private let folder: String
  private var files: [String: MappedFile] = [:]
  private var checked: Set<String> = []

  /// The bytes of all files that were opened.
  private(set) var byteCount = 0

  /// The files below the folder of a model.
  init(besideModel path: String) {
    let end = path.lastIndex(of: "/")
    folder = end.map { String(path[...$0]) } ?? "."
  }

  /// The file at a relative path.
  /// - Throws: ``PexError``: (malformed) when the path leaves the folder, or anything on it is a link; (unreadable)
  ///   when there is no such regular file.
  func file(at location: String) throws -> MappedFile {
    if let file = files[location] { return file }
    let steps = location.split(separator: "/").filter { $0 != "." }.map(String.init)
    guard !location.hasPrefix("/"), !steps.contains(".."), let name = steps.last else {
      throw escapes("expected a path below the model's folder")
    }
    var descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PexError(.unreadable, "\(folder): cannot be opened: \(systemMessage())") }
    defer { close(descriptor) }
    for step in steps.dropLast() {
      let inner = try self.step(descriptor, step, O_DIRECTORY)
      close(descriptor)
      descriptor = inner
    }
    let opened = try step(descriptor, name, O_NONBLOCK)
    defer { close(opened) }
    var status = stat()
    if fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink > 1 {
      throw escapes("it is a hard link, which may lead out of the model's folder")
    }
    let file = try MappedFile(descriptor: opened, path: location)
    files[location] = file
    byteCount += file.bytes.count
    return file
  }

  /// Compares the SHA-1 of a whole file, the first time it is asked for.
  /// - Throws: ``PexError`` (malformed) when it differs.
  func check(_ location: String, sha1 expected: String) throws {
    let file = try file(at: location)
    guard !checked.contains(location + expected) else { return }
    let digits = Array("0123456789abcdef")
    var hasher = Insecure.SHA1()
    withExtendedLifetime(file) { hasher.update(bufferPointer: file.bytes) }
    let found = hasher.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    file.release(0..<file.bytes.count)
    guard String(found) == expected.lowercased() else {
      throw PexError(.malformed, "checksum: expected \(expected.lowercased()), found \(String(found))")
    }
    checked.insert(location + expected)
  }

  private func step(_ folder: Int32, _ name: String, _ flags: Int32) throws -> Int32 {
    let opened = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
    guard opened < 0 else { return opened }
    let message = systemMessage()
    var status = stat()
    if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFLNK {
      throw escapes("'\(name)' is a symbolic link, which may lead out of the model's folder")
    }
    throw PexError(
      .unreadable, "'\(name)' cannot be opened: \(message)", hint: "keep the files of a model together, in one folder")
  }

  private func escapes(_ message: String) -> PexError {
    PexError(.malformed, message, hint: "save the model with all weights inside one file, or copy them beside it")
  }
}
