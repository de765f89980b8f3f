import Foundation

/// A browser without a screen.
enum Browser {
  /// Where it is; nil where none is installed.
  static let path = find(["chromium", "chromium-browser", "google-chrome"])

  /// The first of some programs that the machine has.
  static func find(_ names: [String]) -> String? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
      .first(where: FileManager.default.isExecutableFile)
  }

  /// Opens a page and ends.
  /// - Throws: ``Program/Failure`` when the browser does not end well.
  static func open(_ page: String, width: Int, height: Int, _ more: [String], in folder: Folder) throws
    -> Program.Outcome
  {
    let arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
      "--user-data-dir=\(folder["profile"])", "--enable-logging=stderr", "--window-size=\(width),\(height)",
    ]
    let outcome = try RunningProgram(path ?? "", arguments + more + ["file://\(folder[page])"], in: folder)
      .finish(timeout: 120)
    guard outcome.status == 0 else { throw Program.Failure(description: "browser: \(outcome.stderr)") }
    return outcome
  }
}
