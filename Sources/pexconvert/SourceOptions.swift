import ArgumentParser
import Foundation
import PexConsole
import PexTensor

/// How the source model is read, and what it lacks.
struct SourceOptions: ParsableArguments {
  /// How weights are stored.
  enum Weights: String, ExpressibleByArgument, CaseIterable {
    case f32, f16

    var dtype: DType { self == .f32 ? .float32 : .float16 }
  }

  @OptionGroup var importing: ImportArguments

  @Option(help: "How weights are stored: f32 or f16. Default: as they are.") var weights: Weights?

  @Option(help: ArgumentHelp("A text file with one class name a line.", valueName: "file")) var labels: String?

  /// The class names, or nil when no file was named. Blank lines at the end mean nothing.
  func readLabels() throws -> [String]? {
    guard let labels else { return nil }
    guard let data = FileManager.default.contents(atPath: labels) else {
      throw PexError(.unreadable, "\(labels): cannot be read")
    }
    guard data.count <= 1 << 26, let text = String(data: data, encoding: .utf8) else {
      throw PexError(.malformed, "\(labels): expected text in UTF-8, one class name a line")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}
