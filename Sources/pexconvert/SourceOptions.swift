import ArgumentParser
import Foundation
import PexGraph
import PexONNX
import PexTensor

/// How the source model is read.
struct SourceOptions: ParsableArguments {
  /// How weights are stored.
  enum Weights: String, ExpressibleByArgument, CaseIterable {
    case f32, f16

    var dtype: DType { self == .f32 ? .float32 : .float16 }
  }

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The output that answers, when the importer's choice is wrong.", valueName: "name"))
  var primaryOutput: String?

  @Option(help: "What that output's numbers are: logits, probabilities, log_probabilities or none.")
  var outputKind: OutputKind?

  @Option(help: "How weights are stored: f32 or f16.") var weights = Weights.f32

  @Option(
    name: .customLong("input"),
    help: ArgumentHelp("Fix an unknown input shape, as in image:1x3x224x224.", valueName: "name:shape"))
  var inputs: [String] = []

  @Option(help: ArgumentHelp("A text file with one class name a line.", valueName: "file")) var labels: String?

  func importOptions() throws -> ImportOptions {
    var options = ImportOptions()
    options.outputName = primaryOutput
    options.outputKind = outputKind
    for input in inputs {
      // Names may hold colons themselves, shapes never do.
      guard let colon = input.lastIndex(of: ":") else {
        throw PexError(.usage, "--input \(input): expected NAME:SHAPE, as in image:1x3x224x224")
      }
      let extents = input[input.index(after: colon)...].split(separator: "x", omittingEmptySubsequences: false)
      let shape = try extents.map { word in
        guard let extent = Int(word), extent > 0 else {
          throw PexError(.usage, "--input \(input): '\(word)' is no extent")
        }
        return extent
      }
      options.inputShapes[String(input[..<colon])] = shape
    }
    return options
  }

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

extension OutputKind: @retroactive ExpressibleByArgument {}
