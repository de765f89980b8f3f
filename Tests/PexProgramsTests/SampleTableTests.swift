import Foundation
import Testing

/// `pexeval --samples`: a line a sample and exit.
@Suite struct SampleTableTests {
  private func table(_ arguments: [String], in folder: Folder) throws -> (CSV, JSONValue) {
    let report = try Program.pexeval.report(
      [try Digits.made().base, "--samples", "s.csv"] + arguments, in: folder)
    let table = CSV(try folder.read("s.csv"))
    #expect(table.rows.allSatisfy { $0.count == table.columns.count })
    return (table, report)
  }

  @Test func linesAddUpToTheReport() throws {
    let folder = try Folder()
    let (table, report) = try table(["--heads", try Digits.made().heads, "--data", Digits.personTest], in: folder)
    let columns = ["sample", "truth", "heads", "exit", "label", "probability", "rejected", "ms", "taken"]
    #expect(table.columns == columns && table.rows.count == 200 * 5)
    #expect(Set(table["heads"]) == ["person.pexhead"] && Set(table["rejected"]) == ["false"])
    #expect(Array(table["exit"].prefix(5)) == ["3", "6", "9", "10", "final"])
    let isRight = zip(table["truth"], table["label"]).map { $0 == $1 }
    for exit in report["exits"].items {
      let rows = zip(table["exit"], isRight).filter { $0.0 == exit["exit"].exit }
      #expect(abs(Double(rows.count { $0.1 }) / 200 - (exit["accuracy"].number ?? -1)) < 1e-5)
    }
    let taken = zip(table["taken"], isRight).filter { $0.0 == "true" }
    #expect(taken.count == 200)
    #expect(abs(Double(taken.count { $0.1 }) / 200 - (report["policy"]["accuracy"].number ?? -1)) < 1e-5)
    // All samples are timed then, and the report's means are theirs.
    let times = zip(table["exit"], table["ms"]).filter { $0.0 == "final" }.compactMap { Double($0.1) }
    let mean = try #require(report["exits"][4]["mean_ms"].number)
    #expect(times.count == 200 && abs(times.reduce(0, +) / 200 - mean) < 1e-4 * mean)
    let names = Set(table["sample"])
    #expect(names.count == 200 && names.allSatisfy { $0.hasPrefix(Digits.personTest) && $0.hasSuffix(".png") })
  }

  @Test func logitsStandInColumnsOfTheirClasses() throws {
    let folder = try Folder()
    let (table, _) = try table(["--data", Digits.personTest, "--logits", "--timed", "7"], in: folder)
    #expect(Array(table.columns.dropFirst(9)) == (0...9).map { "logit:\($0)" })
    #expect(table["ms"].count { !$0.isEmpty } == 7 * 5)
    for row in table.rows.prefix(50) {
      let logits = row.dropFirst(9).compactMap { Float($0) }
      #expect(logits.count == 10)
      let best = try #require(logits.indices.max { logits[$0] < logits[$1] })
      #expect(String(best) == row[4])
    }
  }

  /// The classifier told a person's classes is what policies end in, and a line of its own.
  @Test func theLastResortIsToldTheClasses() throws {
    let folder = try Folder()
    for digit in ["1", "4", "7"] {
      for index in 0..<8 {
        let source = "\(Digits.folder)/general/test/\(digit)"
        let names = try FileManager.default.contentsOfDirectory(atPath: source).sorted()
        _ = try folder.copy("\(source)/\(names[index])", to: "three/\(digit)/\(index).png")
      }
    }
    let base = try Digits.made().base
    try Program.pextrain.succeed([base, "--data", "three", "-o", "a.pexhead", "--exits", "3"], in: folder)
    let arguments = ["--heads", "a.pexhead", "--data", "three", "--logits", "--policy", "confidence:1"]
    let (table, report) = try table(arguments, in: folder)
    // Pictures like those that it learned from: no head gains anything, so none is written.
    #expect(Array(table["exit"].prefix(2)) == ["final", "last_resort"])
    let last = table.rows.indices.filter { table["exit"][$0] == "last_resort" }
    #expect(last.allSatisfy { table["taken"][$0] == "true" && ["1", "4", "7"].contains(table["label"][$0]) })
    // It knows three classes; their logits are the final classifier's.
    for place in last {
      #expect(table["logit:0"][place].isEmpty && table["logit:4"][place] == table["logit:4"][place - 1])
    }
    let right = Double(last.count { table["label"][$0] == table["truth"][$0] }) / Double(last.count)
    #expect(abs(right - (report["policy"]["accuracy"].number ?? -1)) < 1e-5)
    #expect(report["heads"][0]["last_resort"]["accuracy"].number == report["policy"]["accuracy"].number)
  }

  @Test func hostileNames() throws {
    let folder = try Folder()
    let names = ["=1+1", "a,\"b\"", "-5", "two\nlines", "@x", "e", "f", "g", "h", "i"]
    // A line a name: the one with a break in it stays a folder's alone.
    let labels = names.map { $0.replacingOccurrences(of: "\n", with: " ") }
    try folder.write("labels.txt", Data(labels.joined(separator: "\n").utf8))
    try Program.pexconvert.succeed(
      [
        Digits.model, "--labels", "labels.txt", "--preprocess", "unit", "--channels", "gray", "--exits", "3", "-o",
        "m.pex",
      ], in: folder)
    for (index, label) in labels.prefix(5).enumerated() {
      _ = try folder.copy("\(Digits.personTrain)/\(index)/000.png", to: "photos/\(label)/=cmd|'\n,\".png")
    }
    let arguments = ["m.pex", "--data", "photos", "--samples", "s.csv"]
    try Program.pexeval.succeed(arguments + ["--logits"], in: folder)
    #expect(Array(CSV(try folder.read("s.csv")).columns.dropFirst(9)) == labels.map { "logit:\($0)" })
    try Program.pexeval.succeed(arguments + ["--force"], in: folder)
    let table = CSV(try folder.read("s.csv"))
    #expect(table.rows.count == 5 && table.rows.allSatisfy { $0.count == table.columns.count })
    #expect(Set(table["truth"]) == ["'=1+1", "a,\"b\"", "'-5", "two lines", "'@x"])
    #expect(table["sample"].allSatisfy { $0.hasSuffix("/=cmd|'\n,\".png") })
    let text = String(decoding: try folder.read("s.csv"), as: UTF8.self)
    for cell in ["=1+1", "-5", "@x"] { #expect(!text.contains(",\(cell)") && !text.contains(",\"\(cell)")) }
  }

  @Test func aTableIsWholeOrNotThere() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let arguments = [base, "--data", Digits.personTest, "--samples", "s.csv"]
    // A limit on the size of files stops writing midway, as a full disk does.
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""
    let outcome = try RunningProgram("/bin/bash", ["-c", limited, try Program.pexeval.path()] + arguments, in: folder)
      .finish()
    #expect(outcome.status == 74 && outcome.stderr.contains("s.csv"))
    #expect(try folder.snapshot().isEmpty)
    try folder.write("s.csv", Data("old".utf8))
    try Program.pexeval.refuses(arguments, status: 73, saying: ["s.csv", "--force", "--samples"], in: folder)
    try Program.pexeval.succeed(arguments + ["--force"], in: folder)
    #expect(CSV(try folder.read("s.csv")).rows.count == 1000)
  }

  @Test(arguments: [
    ["--logits"], ["--samples", "-"], ["--samples", "a.svg", "--plot", "a.svg"], ["--timed", "0"], ["--timed", "x"],
    ["--timed=-1"], ["--plot", "a.svg", "--plot", "./a.svg"], ["--plot-kind", "time"],
    ["--plot", "a.svg", "--plot-kind", "foo"], ["--plot", "a.svg", "--plot", "b.svg", "--plot-kind", "time"],
  ])
  func whatDoesNotGoTogether(_ arguments: [String]) throws {
    try Program.pexeval.refuses(
      [try Digits.made().base, "--data", Digits.personTest] + arguments, status: 64, in: try Folder())
  }
}
