import Foundation

/// The memory of this process that is in RAM, as Linux tells it.
public enum ResidentMemory {
  /// Bytes now; 0 where the system does not tell.
  public static var now: Int { field("VmRSS:") }
  /// The most bytes so far; 0 where the system does not tell.
  public static var peak: Int { field("VmHWM:") }

  private static func field(_ name: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes * 1024
  }
}
