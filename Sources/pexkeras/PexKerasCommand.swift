import ArgumentParser
import Foundation
import PexBundle
import PexConsole
import PexGraph
import PexKeras
import PexTensor

/// `pexkeras`: reads Keras files for the other programs, in a process of its own that may take no more than it needs.
@main struct PexKerasCommand: Program {
  static let programName = "pexkeras"
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Read a Keras file for pexconvert and pexinfo, which run this program themselves.",
    discussion: """
      Writes one line of JSON, then a bundle that holds the network as it was imported. Memory and time are limited \
      before the file is opened.

      Examples:
        pexconvert model.h5
        pexkeras model.h5 --report
      """,
    version: Version.current)

  @Argument(help: ArgumentHelp("A Keras file: .h5, .hdf5 or .keras.", valueName: "model")) var file: String?

  @OptionGroup var importing: ImportArguments

  @Option(
    help: ArgumentHelp(
      "The most memory that reading may take. Default: 1 GiB and eight times the file.", valueName: "bytes"))
  var memory: Int?

  @Flag(help: "Write the line of JSON alone, which also names every layer that is not supported.") var report = false

  @Flag(help: "Print the layers and functions that are read, as Markdown, and stop.") var layers = false

  /// The file; empty when none is needed.
  private var model: String { file ?? "" }

  func validate() throws {
    guard !layers else { return }
    guard file != nil else { throw ValidationError("expected a Keras file") }
    guard memory ?? 1 > 0 else { throw ValidationError("--memory \(memory ?? 0): expected a number of bytes") }
    guard report || isatty(STDOUT_FILENO) == 0 else {
      throw ValidationError(
        "standard output is a terminal, which a bundle is not for: pexconvert makes a file, --report says what is read")
    }
  }

  func execute() throws {
    guard !layers else {
      for line in LayerList().markdown { print(line) }
      return
    }
    let options = try importing.importOptions()
    let limits = ImportLimits(fileBytes: Self.size(of: model), memory: memory)
    try ResourceLimits.apply(limits)
    do {
      try write(try KerasImporter.load(path: model, architecture: importing.architecture, options: options))
    } catch let error as PexError {
      if report, [.unsupported, .usage].contains(error.kind) { try writeDescription() }
      guard error.kind == .exhausted else { throw error }
      throw PexError(
        .malformed, "\(error.message): reading may take \(limits.memory >> 20) MiB",
        hint: "the file is damaged or hostile, or \(ImportLimits.memoryVariable)=BYTES has to allow more")
    }
  }

  /// Writes the model. Whatever can be wrong with it shows before the first byte.
  private func write(_ model: ImportedModel) throws {
    let output = AtomicFile.Sink(descriptor: STDOUT_FILENO, path: "standard output")
    let line = try Self.line(ImportReport(model))
    guard !report else { return try line.withUnsafeBytes { try output.write($0) } }
    let draft = try BundleContents(trunk: Trunk(model.graph), producer: model.producer).draft()
    try line.withUnsafeBytes { try output.write($0) }
    try draft.write { try output.write($0) }
  }

  private func writeDescription() throws {
    let found = try KerasImporter.describe(path: model, architecture: importing.architecture)
    let output = AtomicFile.Sink(descriptor: STDOUT_FILENO, path: "standard output")
    try Self.line(ImportReport(found)).withUnsafeBytes { try output.write($0) }
  }

  private static func line(_ report: ImportReport) throws -> [UInt8] {
    let encoder = JSONEncoder()
    // In this order the version comes first.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(report)) + [UInt8(ascii: "\n")]
  }

  /// Bytes of a file; 0 when there is none, which opening it will tell.
  private static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}
