import Foundation
import PexGraph
import PexTensor

/// Has Keras files read by `pexkeras`, a program of its own: libhdf5 meets hostile files there, and whatever they do to it
/// this process goes on.
///
/// The program limits itself, reads the file and hands the imported graph back as a bundle, which is checked like any other
/// file. It is ended when it takes too long or says too much.
public struct KerasReader: Sendable {
  /// The environment's variable that names the program.
  public static let programVariable = "PEX_KERAS_READER"

  /// The program; nil takes the one that the environment names, else `pexkeras` beside the running program.
  public var program: String?
  /// Bytes of memory that reading may take; nil takes what the environment says, else a share of the file's size.
  public var memory: Int?
  /// How long reading may take.
  public var timeout: Duration = .seconds(600)
  /// Where the graph lies on its way; nil takes the system's folder for temporary files.
  public var temporaryFolder: String?

  /// A reader.
  public init(program: String? = nil) { self.program = program }

  /// Reads a model.
  /// - Parameter architecture: a JSON file with the architecture, for files that hold weights alone.
  /// - Throws: ``PexError``: (unreadable) when a file is missing; (malformed) when it is damaged, crashes its reader or
  ///   takes too much; (unsupported) naming the layers that are, or when there is no reader; (usage) when an input's
  ///   shape or the architecture must be given.
  func load(path: String, architecture: String?, options: ImportOptions) throws -> ImportedModel {
    guard options.layout == nil else {
      throw PexError(.usage, "--layout goes with ONNX models: a Keras file says how its pictures lie")
    }
    guard options.inputValues.isEmpty else {
      throw PexError(
        .usage, "--input NAME=VALUE goes with ONNX models, which \(path) is not",
        hint: "give that input's arrays when the bundle is run: pexrun --input NAME=FILE.npy")
    }
    let conversation = try Conversation(self, path)
    return try conversation.hold(Self.words(architecture, options)) { answer, bundle in
      try answer.model(bundle.mapped(named: "its bundle"))
    }
  }

  /// What a file says of itself, and what keeps its model from being imported.
  /// - Throws: ``PexError`` as ``load(path:architecture:options:)``.
  func describe(path: String, architecture: String?) throws -> ModelDescription {
    let conversation = try Conversation(self, path)
    return try conversation.hold(
      ["--report"] + Self.words(architecture, ImportOptions()), allowing: [.unsupported, .usage]
    ) { answer, _ in
      let report = answer.report
      return ModelDescription(
        producer: report.producer, opset: nil, inputs: report.inputs ?? [], outputs: [],
        operatorCounts: report.operatorCounts, unsupported: report.unsupported ?? UnsupportedReport(entries: []),
        obstacles: [report.unsupported?.error].compactMap(\.self))
    }
  }

  /// The options as the program's command line has them; joined, so that no name is taken for an option.
  private static func words(_ architecture: String?, _ options: ImportOptions) -> [String] {
    let shapes = options.inputShapes.sorted { $0.key < $1.key }.map { name, shape in
      "--input=\(name):\(shape.map(String.init).joined(separator: "x"))"
    }
    return shapes + (options.outputName.map { ["--output=\($0)"] } ?? [])
      + (options.outputKind.map { ["--output-kind=\($0.rawValue)"] } ?? [])
      + (architecture.map { ["--architecture=\($0)"] } ?? [])
  }
}

/// One run of the reader.
private struct Conversation {
  private let reader: KerasReader
  private let path: String
  private let failure: ReaderFailure

  /// - Throws: ``PexError`` (unsupported) when there is no reader, (usage) when the environment's limit is no number.
  init(_ reader: KerasReader, _ path: String) throws {
    let environment = ProcessInfo.processInfo.environment
    self.reader = reader
    self.path = path
    let size = try MappedFile(path: path).bytes.count
    failure = ReaderFailure(
      path: path, program: try reader.program(environment, for: path),
      limits: ImportLimits(fileBytes: size, memory: try reader.memory(environment)))
  }

  /// Runs the program and takes its answer.
  /// - Parameters:
  ///   - words: options for the program.
  ///   - allowed: failures with which it gives an answer as well.
  ///   - body: makes the result of the answer and of what follows it.
  func hold<Result>(
    _ words: [String], allowing allowed: [PexError.Kind] = [], _ body: (ReaderAnswer, UnnamedFile) throws -> Result
  ) throws -> Result {
    let folder = reader.temporaryFolder ?? NSTemporaryDirectory()
    // It cannot hand over more than it may hold.
    var output = ReaderOutput(bundle: try UnnamedFile(in: folder), bundleLimit: failure.limits.memory)
    let end: ChildProcess.End?
    do { end = try run(words, &output) } catch let error as PexError { throw failure.error(error) }
    guard let end else { throw failure.error(after: reader.timeout) }
    guard end == .status(0) || (allowed.contains { end == .status($0.exitStatus) } && output.answer != nil) else {
      throw failure.error(end, output.problems)
    }
    guard let answer = output.answer else { throw failure.error(PexError(.malformed, "it said nothing")) }
    do { return try body(answer, output.bundle) } catch let error as PexError { throw failure.error(error) }
  }

  private func run(_ words: [String], _ output: inout ReaderOutput) throws -> ChildProcess.End? {
    let arguments = ["--memory=\(failure.limits.memory)"] + words + ["--", path]
    let process = try ChildProcess(failure.program, arguments, environment: Self.environment)
    return try process.run(until: .now + reader.timeout) {
      try output.take($0)
    } problems: {
      try output.take(problem: $0)
    }
  }

  /// What the program needs to find its libraries. Nothing else of this process's environment is its business.
  private static var environment: [String: String] {
    let wanted: Set = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH"]
    return ProcessInfo.processInfo.environment.filter { wanted.contains($0.key) }
      // A crash is an answer here: nobody wants it explained at length.
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
  }
}

extension KerasReader {
  /// Where the program is.
  /// - Throws: ``PexError`` (unsupported) when it is not there.
  fileprivate func program(_ environment: [String: String], for path: String) throws -> String {
    let named = program ?? environment[Self.programVariable].flatMap { $0.isEmpty ? nil : $0 }
    let beside = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    let found = named ?? beside?.appendingPathComponent("pexkeras").path ?? "pexkeras"
    guard FileManager.default.isExecutableFile(atPath: found) else {
      throw PexError(
        .unsupported, "\(path): is a Keras file, and the program that reads those is not at \(found)",
        hint: "put pexkeras beside this program, or name it in \(Self.programVariable)")
    }
    return found
  }

  /// The limit that was asked for, or nil when none was.
  /// - Throws: ``PexError`` (usage) when it is no number of bytes.
  fileprivate func memory(_ environment: [String: String]) throws -> Int? {
    if let memory { return memory }
    guard let text = environment[ImportLimits.memoryVariable], !text.isEmpty else { return nil }
    guard let bytes = Int(text), bytes > 0 else {
      throw PexError(.usage, "\(ImportLimits.memoryVariable)=\(text): expected a number of bytes")
    }
    return bytes
  }
}
