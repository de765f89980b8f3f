import Foundation

/// A line on the terminal that shows how far counted work has come. Silent where bars are not welcome.
public final class ProgressBar {
  private let console: Console
  private let title: String
  private let total: Int
  private let started = DispatchTime.now()
  private var shown = DispatchTime(uptimeNanoseconds: 0)

  /// A bar over `total` pieces of work.
  public init(_ console: Console, _ title: String, total: Int) {
    self.console = console
    self.title = title
    self.total = total
  }

  /// Tells that `done` pieces are done; the line is drawn at most ten times a second.
  public func update(_ done: Int) {
    guard console.showsBars, total > 0 else { return }
    let now = DispatchTime.now()
    guard done == total || now.uptimeNanoseconds - shown.uptimeNanoseconds > 100_000_000 else { return }
    shown = now
    let seconds = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
    let left = done > 0 ? seconds / Double(done) * Double(total - done) : 0
    let filled = 24 * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    Console.note(
      String(
        format: "\r%@ [%@] %d/%d, %.0f/s, %.0f s left ", title, bar, done, total, Double(done) / max(seconds, 1e-9),
        left))
    if done == total { Console.note("\n") }
  }
}
