import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A line on the terminal that shows how far counted work has come. Silent where bars are not welcome.
public final class ProgressBar {
  private let console: Console
  private let title: String
  private let total: Int
  private let unit: String?
  private let started = DispatchTime.now()
  private var shown = DispatchTime(uptimeNanoseconds: 0)
  private var width = 0
  private var isOver = false

  /// A bar over `total` pieces of work.
  /// - Parameter unit: what they are called, in the plural; nil: only shares are shown.
  public init(_ console: Console, _ title: String, total: Int, unit: String? = "images") {
    self.console = console
    self.title = title
    self.total = total
    self.unit = unit
  }

  /// Tells that `done` pieces are done; the line is drawn at most ten times a second.
  public func update(_ done: Int) {
    guard console.showsBars, total > 0, !isOver else { return }
    let now = DispatchTime.now()
    guard done == total || now.uptimeNanoseconds - shown.uptimeNanoseconds > 100_000_000 else { return }
    shown = now
    let seconds = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
    let line = Self.line(title, done: done, total: total, unit: unit, seconds: seconds, columns: Self.columns)
    // What a longer line left behind is wiped out.
    Console.note("\r" + line + String(repeating: " ", count: max(0, width - line.count)))
    width = line.count
    if done == total { end() }
  }

  /// Ends the line, finished or not: what is written next begins below it.
  public func end() {
    guard !isOver else { return }
    isOver = true
    if width > 0 { Console.note("\n") }
  }

  /// The terminal's width; 80 where it does not say.
  private static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// What the line says after so many seconds: a bar, pieces done, pieces a second, and the time left at that pace or,
  /// at the end, the time taken. In a narrow terminal the bar is shorter, then left out, and what still does not fit is cut
  /// off: a line that wraps could not be drawn over.
  package static func line(
    _ title: String, done: Int, total: Int, unit: String? = "images", seconds: Double, columns: Int = 80
  ) -> String {
    let pace = Double(done) / max(seconds, 1e-9)
    let rate = String(format: pace < 10 ? "%.1f" : "%.0f", pace)
    let rest = done > 0 ? seconds / Double(done) * Double(total - done) : nil
    let time = done == total ? Format.seconds(seconds) : rest.map { Format.seconds($0) + " left" } ?? "…"
    let counted = unit.map { "\(done)/\(total), \(rate) \($0)/s" } ?? "\(100 * done / max(total, 1)) %"
    let words = "\(counted), \(time)"
    // One column stays free: in the last one some terminals wrap.
    let room = columns - 1 - title.count - words.count - 4
    let length = min(24, room)
    guard length >= 4 else { return String("\(title) \(words)".prefix(max(columns - 1, 1))) }
    let filled = length * done / max(total, 1)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: length - filled)
    return "\(title) [\(bar)] \(words)"
  }
}
