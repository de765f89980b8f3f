import Foundation

/// The day, as head files tell it: of the clock, or the one that `SOURCE_DATE_EPOCH` says, so that builds can be repeated.
enum Today {
  /// `2026-11-28`, in universal time.
  static var text: String {
    let epoch = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Double.init)
    return epoch.map { Date(timeIntervalSince1970: $0) }.map(text) ?? text(Date())
  }

  private static func text(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }
}
