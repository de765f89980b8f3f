import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Charts that `pexeval` and `pextrain` draw.
@Suite struct PlotTests {
  /// Commands that draw, with the chart's name in the place of `@`.
  private func drawers() throws -> [(program: Program, arguments: [String])] {
    let base = try Digits.made().base
    return [
      (.pexeval, [base, "--data", Digits.personTest, "--plot", "@"]),
      (.pextrain, [base, "--data", Digits.personTrain, "--epochs", "2", "-o", "x.pexhead", "--plot", "@"]),
    ]
  }

  private func line(_ arguments: [String], _ plot: String) -> [String] { arguments.map { $0 == "@" ? plot : $0 } }

  /// A chart as text, once a parser has read it to its end.
  private func chart(_ name: String, in folder: Folder) throws -> String {
    let bytes = try folder.read(name)
    #expect(XMLParser(data: bytes).parse(), "\(name) is not well-formed")
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A person's heads depart from what is known, cautiously first: the curve begins with no departure at all.
  @Test func departuresHaveACurve() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    try Program.pextrain.succeed(
      [base, "--data", Digits.personTrain, "-o", "x.pexhead", "--plot", "a.svg"], in: folder)
    let text = try chart("a.svg", in: folder)
    #expect(text.contains(">departures tried, the most cautious first<") && text.contains(">kept (0: as it was)<"))
    for exit in [3, 6, 9, 10] { #expect(text.contains(">exit \(exit)<")) }
    // As it was, and at least the strongest departure and another.
    let curves = text.split(separator: "\n").filter { $0.hasPrefix("<path ") }
    #expect(curves.count >= 4 && curves.prefix(4).allSatisfy { $0.count { $0 == "L" } >= 2 })
  }

  /// Branches train epoch by epoch beside their heads.
  @Test func branchesHaveACurve() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [Digits.model, "--exits", "3", "--head", "branch", "-o", "a.pex"] + Digits.flags, in: folder)
    try Program.pextrain.succeed(
      ["a.pex", "--data", Digits.personTrain, "--base", "--epochs", "2", "-o", "b.pex", "--plot", "a.svg"], in: folder)
    let text = try chart("a.svg", in: folder)
    #expect(text.contains(">branch 3<") && text.contains(">exit 3<"))
  }

  @Test func exitsAndThePolicyStandInTheChart() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let arguments = [made.base, "--heads", made.heads, "--data", Digits.personTest, "--plot", "a.svg"]
    let outcome = try Program.pexeval.succeed(arguments, in: folder)
    #expect(outcome.stdout.hasSuffix("wrote a.svg\n"))
    let text = try chart("a.svg", in: folder)
    for label in ["3", "6", "9", "10", "final", "final classifier"] { #expect(text.contains(">\(label)</text>")) }
    #expect(
      text.contains(">person.pexhead: policy confidence:")
        && text.contains(">base.pex, person.pexhead on 200 samples of test<"))
    // Before and after in one picture: of each the curve, a line through many points, four exits and the policy, the legend's
    // two, and the classifier with the legend's.
    #expect(text.contains(">base heads: exit, taken always<") && text.contains(">person.pexhead: exit, taken always<"))
    #expect(text.split(separator: "\n").count { $0.contains("class=\"mark ") } == 16)
    let curves = text.split(separator: "\n").filter { $0.hasPrefix("<path ") }
    #expect(curves.count == 2 && curves.allSatisfy { $0.count { $0 == "L" } > 20 })
    // Every mark has its interval.
    #expect(text.split(separator: "\n").count { $0.contains("class=\"interval ") } == 11)
  }

  /// No ticks beyond a share of one, and no number of the accuracy's axis either.
  @Test func everyKindOfChart() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let kinds = ["accuracy", "time", "confusion", "reliability"]
    let arguments = kinds.flatMap { ["--plot", "\($0).svg", "--plot-kind", $0] }
    let outcome = try Program.pexeval.succeed(
      [made.base, "--heads", made.heads, "--data", Digits.personTest] + arguments, in: folder)
    #expect(outcome.stdout.hasSuffix("wrote confusion.svg\nwrote reliability.svg\n"))
    let texts = try kinds.map { try chart("\($0).svg", in: folder) }
    for text in texts { #expect(!text.contains(">110 %<") && !text.contains(">120 %<") && !text.contains(">-")) }
    #expect(texts[1].contains(">mean milliseconds<") && texts[1].contains(">person.pexhead: exit, taken always<"))
    #expect(texts[2].contains(">person.pexhead, confidence:"))
    // Ten classes as rows and as columns, and a square where anything was answered.
    for digit in 0...9 { #expect(texts[2].components(separatedBy: ">\(digit)</text>").count > 2) }
    #expect(texts[2].split(separator: "\n").count { $0.hasPrefix("<rect class=\"right\"") } == 10)
    #expect(texts[3].contains(">as often right as it is probable<") && texts[3].contains(">base heads, confidence:"))
  }

  @Test(.enabled(if: Browser.find(["rsvg-convert"]) != nil, "no rsvg-convert on PATH: install librsvg2-bin"))
  func picturesAndPages() throws {
    let folder = try Folder()
    for (program, arguments) in try drawers() {
      for (name, start) in [("a.png", [0x89, 0x50, 0x4e, 0x47]), ("a.PDF", Array("%PDF".utf8))] {
        let files = try (0..<2).map { _ in
          try program.succeed(line(arguments, name) + ["--force"], in: folder)
          return try folder.read(name)
        }
        #expect(files[0].starts(with: start) && files[0].count > 5000)
        #expect(files[0] == files[1])
      }
    }
  }

  @Test func withoutTheProgramItSaysWhatToInstall() throws {
    let folder = try Folder()
    for (program, arguments) in try drawers() {
      try program.refuses(
        line(arguments, "a.png"), status: 69, saying: ["a.png", "rsvg-convert", "librsvg2-bin"], in: folder,
        environment: ["PATH": folder.path])
      try program.refuses(line(arguments, "a.jpg"), status: 64, saying: ["a.jpg", ".png"], in: folder)
    }
  }

  /// What draws fails, or gives nothing: no file, and its own words.
  @Test func aProgramThatFails() throws {
    let (folder, programs) = (try Folder(), try Folder())
    try programs.write("script", Data("#!/bin/sh\necho it hurts >&2\nexit 3\n".utf8))
    _ = try programs.install(programs["script"], as: "rsvg-convert")
    let base = try Digits.made().base
    try Program.pexeval.refuses(
      [base, "--data", Digits.personTest, "--plot", "a.png"], status: 74, saying: ["a.png", "it hurts"], in: folder,
      environment: ["PATH": programs.path], printing: true)
  }

  @Test func everyHeadHasItsCurves() throws {
    let folder = try Folder()
    let arguments = [
      try Digits.made().base, "--data", Digits.personTrain, "--epochs", "5", "-o", "x.pexhead", "--plot", "a.svg",
    ]
    let outcome = try Program.pextrain.succeed(arguments, in: folder)
    #expect(outcome.stdout.hasSuffix("wrote a.svg\n"))
    let text = try chart("a.svg", in: folder)
    let paths = text.split(separator: "\n").filter { $0.hasPrefix("<path ") }
    #expect(paths.count == 8 && paths.count { $0.contains("dashed") } == 4)
    // The start and five epochs.
    for path in paths { #expect(path.count { $0 == "L" } == 5) }
    for exit in [3, 6, 9, 10] { #expect(text.contains(">exit \(exit)</text>")) }
    // Drawing changes no byte of the heads.
    try Program.pextrain.succeed(arguments.dropLast(2) + ["--force"], in: folder)
    let plain = try folder.read("x.pexhead")
    try Program.pextrain.succeed(arguments + ["--force"], in: folder)
    #expect(try folder.read("x.pexhead") == plain)
  }

  @Test func theSameCommandDrawsTheSameChart() throws {
    let folder = try Folder()
    for (program, arguments) in try drawers() {
      let charts = try (0..<2).map { _ in
        try program.succeed(line(arguments, "a.svg") + ["--force"], in: folder)
        return try folder.read("a.svg")
      }
      #expect(charts[0] == charts[1])
    }
  }

  @Test func anExistingFileStays() throws {
    let folder = try Folder()
    try folder.write("old.svg", Data("old".utf8))
    for (program, arguments) in try drawers() {
      let words = line(arguments, "old.svg")
      try program.refuses(words, status: 73, saying: ["old.svg", "--force", "--plot"], in: folder)
      try program.succeed(words + ["--force"], in: folder)
      #expect(try chart("old.svg", in: folder).hasPrefix("<svg "))
      try folder.write("old.svg", Data("old".utf8))
      try? FileManager.default.removeItem(atPath: folder["x.pexhead"])
    }
  }

  @Test(
    arguments: [("none/a.svg", 73), (".", 73), ("/dev/full", 73), ("-", 64)] as [(String, Int32)])
  func placesThatTakeNoChart(_ plot: String, _ status: Int32) throws {
    let folder = try Folder()
    for (program, arguments) in try drawers() {
      for more in [[], ["--force"]] {
        try program.refuses(line(arguments, plot) + more, status: status, saying: [plot], in: folder)
      }
    }
  }

  @Test func whatIsReadOrWrittenIsNoPlaceForAChart() throws {
    let folder = try Folder()
    let made = try Digits.made()
    _ = try folder.copy(made.base, to: "a.pex")
    _ = try folder.copy(made.heads, to: "a.pexhead")
    let measure = ["a.pex", "--heads", "a.pexhead", "--data", Digits.personTest, "--force", "--plot"]
    let train = ["a.pex", "--from", "a.pexhead", "--data", Digits.personTrain, "--force", "-o", "b.pexhead", "--plot"]
    for name in ["a.pex", "a.pexhead", "./a.pex"] {
      try Program.pexeval.refuses(measure + [name], status: 64, saying: [name], in: folder)
      try Program.pextrain.refuses(train + [name], status: 64, saying: [name], in: folder)
    }
    for name in ["b.pexhead", "./b.pexhead"] {
      try Program.pextrain.refuses(train + [name], status: 64, saying: ["--plot"], in: folder)
    }
  }

  /// A limit on the size of files stops writing midway, as a full disk does.
  @Test func aChartThatCannotBeWrittenIsNotThere() throws {
    let folder = try Folder()
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""
    let arguments = [try Digits.made().base, "--data", Digits.personTest, "--plot", "a.svg"]
    let outcome = try RunningProgram("/bin/bash", ["-c", limited, try Program.pexeval.path()] + arguments, in: folder)
      .finish()
    #expect(outcome.status == 74)
    #expect(outcome.stderr.contains("pexeval: error: a.svg: cannot be written"))
    #expect(try folder.snapshot().isEmpty)
  }

  /// Files and classes may be called anything.
  @Test func hostileNames() throws {
    let folder = try Folder()
    let names = ["a<b>&\"c", "]]><script>", "it's", "d", "e", "f", "g", "h", "i", "j"]
    try folder.write("labels.txt", Data(names.joined(separator: "\n").utf8))
    let bundle = "m<&\">'.pex"
    try Program.pexconvert.succeed(
      [
        Digits.model, "--labels", "labels.txt", "--preprocess", "unit", "--channels", "gray", "--exits", "3", "-o",
        bundle,
      ], in: folder)
    for (index, digit) in [0, 1, 2].enumerated() {
      for picture in ["000", "001", "002", "003", "004", "005"] {
        let source = "\(Digits.personTrain)/\(digit)/\(picture).png"
        _ = try folder.copy(source, to: "photos/\(names[index])/\(picture).png")
      }
    }
    try Program.pextrain.succeed(
      [bundle, "--data", "photos", "-o", "<&\">.pexhead", "--plot", "train.svg"], in: folder)
    let report = try Program.pexeval.report(
      [bundle, "--heads", "<&\">.pexhead", "--data", "photos", "--plot", "eval.svg"], in: folder)
    let found = Set(report["confusion"]["classes"].items.compactMap(\.string))
    #expect(found.isSuperset(of: names.prefix(3)))
    #expect(try chart("train.svg", in: folder).contains("&lt;&amp;&quot;&gt;.pexhead from 18 samples"))
    #expect(
      try chart("eval.svg", in: folder).contains("m&lt;&amp;&quot;&gt;&#39;.pex, &lt;&amp;&quot;&gt;.pexhead on 18"))
    for name in ["train.svg", "eval.svg"] { #expect(try !chart(name, in: folder).contains("<script")) }
  }
}
