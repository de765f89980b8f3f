import ArgumentParser
import Foundation
import PexConsole
import PexConvert
import PexGraph
import PexTensor

/// How the source model is read, and what it lacks.
struct SourceOptions: ParsableArguments {
  /// How weights are stored.
  enum Weights: String, ExpressibleByArgument, CaseIterable {
    case f32, f16

    var dtype: DType { self == .f32 ? .float32 : .float16 }
  }

  @OptionGroup var importing: ImportArguments

  @Option(
    help: ArgumentHelp(
      "How arrays for an ONNX model's inputs of four axes lie: nchw or nhwc. Default: nhwc where a network begins by moving "
        + "1, 3 or 4 channels from the last axis to the front.", valueName: "order"))
  var layout: InputLayout?

  @Option(help: "How weights are stored: f32 or f16. Default: as they are.") var weights: Weights?

  @Option(
    help: ArgumentHelp(
      "The names of the classes: text with one a line, or JSON (a list, names by number, or Keras' class index). Where the "
        + "model is no classifier they are the classes of the heads.", valueName: "file"))
  var labels: String?

  /// The class names, or nil when no file was named.
  func readLabels() throws -> LabelList? {
    guard let labels else { return nil }
    guard let bytes = Self.bytes(path: labels) else { throw PexError(.unreadable, "\(labels): cannot be read") }
    return try naming(labels) { try LabelList(bytes) }
  }

  /// What a file holds, or a pipe that another program writes to, as far as any list of names goes; nil where it cannot be read.
  private static func bytes(path: String) -> [UInt8]? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    var bytes: [UInt8] = []
    do {
      while bytes.count <= LabelList.mostBytes, let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
        bytes += part
      }
    } catch { return nil }
    return bytes
  }

  /// The options in the importers' own words.
  /// - Throws: ``PexError`` as `ImportArguments.importOptions`.
  func importOptions() throws -> ImportOptions {
    var options = try importing.importOptions()
    options.layout = layout
    return options
  }
}
