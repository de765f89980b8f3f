import CPexProcess
import Foundation
import PexTensor

/// A chart's file: SVG, or PNG and PDF, which librsvg makes of it.
///
/// librsvg's own program is run rather than its library linked: pictures then cost nobody who does not ask for them forty
/// libraries at every start, and what runs and trains on devices stays small.
public struct ChartFile: Sendable {
  private enum Format: String, CaseIterable {
    case svg, png, pdf
  }

  private static let program = "rsvg-convert"

  /// Where it goes.
  public let output: OutputPath
  private let format: Format

  /// A file whose suffix says what it is; without any it is SVG.
  /// - Parameter option: what the user gives the path with, for messages.
  /// - Throws: ``PexError`` (usage) for another suffix.
  public init(_ path: String, force: Bool, option: String = "--plot") throws {
    output = OutputPath(wanted: path, input: path, suffix: "svg", force: force, option: option)
    let suffix = (path as NSString).pathExtension.lowercased()
    guard let format = suffix.isEmpty ? .svg : Format(rawValue: suffix) else {
      let list = Format.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
      throw PexError(.usage, "\(option) \(path): expected one of \(list)")
    }
    self.format = format
  }

  /// Checks early, before any work, that it can be made and written.
  /// - Throws: ``PexError`` as ``OutputPath/check(sources:)``; (unsupported) when the program is missing that it takes.
  public func check(sources: [String] = []) throws {
    try output.check(sources: sources)
    if format != .svg { _ = try converter() }
  }

  /// Writes a chart, whole or not at all.
  /// - Parameter svg: an SVG document.
  /// - Throws: as ``OutputPath/write(_:)-(String)``; ``PexError`` (unsupported) when the program that it takes is missing,
  ///   (inputOutput) when that fails.
  public func write(_ svg: String) throws {
    try output.write(format == .svg ? Array(svg.utf8) : try converted(svg))
  }

  private func converter() throws -> URL {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    let found = folders.map { "\($0)/\(Self.program)" }.first(where: FileManager.default.isExecutableFile)
    guard let found else {
      throw PexError(
        .unsupported,
        "\(output.path): \(format.rawValue.uppercased()) takes the program \(Self.program), which is not there",
        hint: "install librsvg2-bin (Debian), or draw an SVG")
    }
    return URL(fileURLWithPath: found)
  }

  private func converted(_ svg: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = try converter()
    // Twice the size in pixels, for screens of today; PDF has no pixels.
    process.arguments = ["--format", format.rawValue] + (format == .png ? ["--zoom", "2"] : [])
    // The same chart gives the same bytes: no date stands in a PDF then.
    process.environment = ["SOURCE_DATE_EPOCH": "0"].merging(ProcessInfo.processInfo.environment) { $1 }
    // Files without names: nothing is left when either program is killed.
    let files = try (0..<3).map { _ in try Self.unnamedFile() }
    let (input, result, problems) = (files[0], files[1], files[2])
    do {
      try input.write(contentsOf: Data(svg.utf8))
      try input.seek(toOffset: 0)
      (process.standardInput, process.standardOutput, process.standardError) = (input, result, problems)
      try process.run()
      process.waitUntilExit()
      let bytes = try Self.contents(result)
      guard process.terminationStatus == 0, process.terminationReason == .exit, !bytes.isEmpty else {
        let words = String(decoding: try Self.contents(problems), as: UTF8.self).split(separator: "\n").first ?? ""
        throw PexError(.inputOutput, "\(output.path): \(Self.program) failed: \(words)")
      }
      return bytes
    } catch let error as PexError { throw error } catch {
      throw PexError(.inputOutput, "\(output.path): \(Self.program) cannot be run: \(error.localizedDescription)")
    }
  }

  private static func unnamedFile() throws -> FileHandle {
    let folder = NSTemporaryDirectory()
    let descriptor = pex_open_unnamed(folder)
    guard descriptor >= 0 else {
      throw PexError(.cannotCreate, "\(folder): no temporary file can be created", hint: "TMPDIR names another folder")
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  private static func contents(_ file: FileHandle) throws -> [UInt8] {
    try file.seek(toOffset: 0)
    return Array(try file.readToEnd() ?? Data())
  }
}
