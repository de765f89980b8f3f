import Synchronization

/// Which arguments of a layer or function were read: what is left over is refused by name.
final class ArgumentTrace: Sendable {
  private let read = Mutex<Set<String>>([])

  /// Says that an argument was read.
  /// - Parameter name: a setting's or keyword's name, or ``position(_:)``.
  func note(_ name: String) { read.withLock { _ = $0.insert(name) } }

  /// Whether an argument was read.
  func has(_ name: String) -> Bool { read.withLock { $0.contains(name) } }

  /// What an argument without a name is called, counted from 1.
  static func position(_ index: Int) -> String { "argument \(index + 1)" }
}
