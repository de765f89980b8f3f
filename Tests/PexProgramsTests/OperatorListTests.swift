import Foundation
import Testing

/// `pexinfo --ops` and `pexkeras --layers`, and the files that they write.
@Suite struct OperatorListTests {
  /// The top of the repository, from this file's own place in it.
  private var repository: URL {
    (0..<3).reduce(URL(filePath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
  }

  @Test func theFileInTheRepositoryIsWhatTheProgramPrints() throws {
    let printed = try Program.pexinfo.succeed(["--ops", "--markdown"]).stdout
    let written = try String(contentsOf: repository.appending(path: "SUPPORTED-ONNX-OPS.md"), encoding: .utf8)
    #expect(printed == written, "the operators have changed: run `make ops`")
    #expect(written.contains("| Conv | 1"))
  }

  @Test func theListOfLayersIsWhatTheReaderPrints() throws {
    let printed = try Program.pexkeras.succeed(["--layers"]).stdout
    let written = try String(contentsOf: repository.appending(path: "SUPPORTED-KERAS-LAYERS.md"), encoding: .utf8)
    #expect(printed == written, "the layers have changed: run `make ops`")
    #expect(written.contains("| SeparableConv2D |"))
  }

  @Test func textAndReportSayTheSame() throws {
    let lines = try Program.pexinfo.succeed(["--ops"]).stdout.split(separator: "\n").map(String.init)
    let operators = try Program.pexinfo.report(["--ops"])["operators"].items
    #expect(operators.count == lines.count && lines.count >= 48)
    for (line, row) in zip(lines, operators) {
      #expect(row.keys == ["operator", "since", "limits"])
      let since = row["since"].items.compactMap(\.number).map { String(Int($0)) }.joined(separator: ", ")
      let limits = row["limits"].items.compactMap(\.string)
      let expected = "\(row["operator"].string ?? ""): since opset \(since)"
      #expect(line == ([expected] + limits).joined(separator: "; "))
    }
  }

  @Test func aTableOfNothingIsAUsageError() throws {
    try Program.pexinfo.refuses(["model.pex", "--markdown"], status: 64, saying: ["--markdown"], in: try Folder())
  }
}
