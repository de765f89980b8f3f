import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Keeps what was measured of one trunk on this machine in a file of the user's cache folder (`$XDG_CACHE_HOME/pex`, or
/// `~/.cache/pex`), so that the same training on the same machine chooses the same policy again.
///
/// A file that is damaged, or that somebody else wrote something into, is measured anew. Removing the folder loses nothing
/// but time.
public final class TimesFile: TimeKeeper {
  private struct Content: Codable {
    var format = 1
    /// What measured.
    let machine: String
    var times: TimeProfile
  }

  private static let mostBytes = 1 << 20

  private let folder: String?
  private let name: String
  private let machine: String
  private let warn: @Sendable (String) -> Void
  private let model: Model
  private let threads: Int
  private let memory: TimesInMemory

  /// What a model takes on as many threads as programs use when nobody says how many.
  /// - Parameter warn: told in one line when times cannot be kept.
  public init(_ model: Model, warn: @escaping @Sendable (String) -> Void) {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"].map { ($0 as NSString).appendingPathComponent(".cache") }
    let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home
    folder = cache.map { ($0 as NSString).appendingPathComponent("pex") }
    (self.model, threads) = (model, ThreadPool.defaultThreads)
    memory = TimesInMemory(model)
    name =
      "times-\(model.bundle.contents.trunk.digest.description.prefix(16))-\(model.instructionSet)-\(threads).json"
    machine = "\(Self.processor), pex \(Version.current)"
    self.warn = warn
  }

  /// What the file knows of some heads' ways, and of others what is measured now and put into the file.
  /// - Throws: as ``TimeProfile/measure(_:on:threads:)``; never because of the file.
  public func times(of heads: [(exit: Int, head: Head)]) throws -> TimeProfile {
    guard let folder, let descriptor = Self.opened(folder, name) else {
      warn(
        "measured times cannot be kept (no folder for caches can be written): the same training may choose another policy"
      )
      return try memory.times(of: heads)
    }
    defer { close(descriptor) }
    // Whoever comes meanwhile waits, and finds what was measured.
    guard flock(descriptor, LOCK_EX) == 0 else { return try memory.times(of: heads) }
    let before = known(descriptor)
    var times = before
    try times.measure(heads, on: model, threads: threads)
    if times != before { store(times, descriptor) }
    return times
  }

  private static func opened(_ folder: String, _ name: String) -> Int32? {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = (folder as NSString).appendingPathComponent(name)
    let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// What the file holds of this machine.
  private func known(_ descriptor: Int32) -> TimeProfile {
    var bytes = [UInt8](repeating: 0, count: Self.mostBytes)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0, count < bytes.count,
      let content = try? JSONDecoder().decode(Content.self, from: Data(bytes.prefix(count))),
      content.format == 1, content.machine == machine, content.times.isSound
    else { return TimeProfile() }
    return content.times
  }

  /// Half a file reads as none.
  private func store(_ times: TimeProfile, _ descriptor: Int32) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    guard let data = try? encoder.encode(Content(machine: machine, times: times)), data.count < Self.mostBytes,
      ftruncate(descriptor, 0) == 0
    else { return }
    data.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  /// The processor's name as the system tells it.
  private static var processor: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
    let count = ProcessInfo.processInfo.activeProcessorCount
    return "\(name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"), \(count) cores"
  }
}
