import Foundation

/// A line on the terminal that shows how far counted work has come. Silent where bars are not welcome.
public final class ProgressBar {
  private let console: Console
  private let title: String
  private let total: Int
  private let started = DispatchTime.now()
  private var shown = DispatchTime(uptimeNanoseconds: 0)
  private var width = 0

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
    let line = Self.line(title, done: done, total: total, seconds: seconds)
    // What a longer line left behind is wiped out.
    Console.note("\r" + line + String(repeating: " ", count: max(0, width - line.count)))
    width = line.count
    if done == total { Console.note("\n") }
  }

  /// What the line says after so many seconds: a bar, pieces done, images a second, and the time left at that pace or,
  /// at the end, the time taken.
  package static func line(_ title: String, done: Int, total: Int, seconds: Double) -> String {
    let filled = 24 * done / max(total, 1)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    let pace = Double(done) / max(seconds, 1e-9)
    let rate = String(format: pace < 10 ? "%.1f" : "%.0f", pace)
    let rest = done > 0 ? seconds / Double(done) * Double(total - done) : nil
    let time = done == total ? Format.seconds(seconds) : rest.map { Format.seconds($0) + " left" } ?? "…"
    return "\(title) [\(bar)] \(done)/\(total), \(rate) images/s, \(time)"
  }
}
