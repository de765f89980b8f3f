import Foundation
import Testing

/// Heads that read several taps, heads of class means, and what a bundle knows about features, from program to program.
@Suite struct HeadKindTests {
  /// A bundle with base heads of a kind at exits 3, 6 and the last one.
  private func base(_ kind: String, in folder: Folder) throws {
    let placed = ["--exits", "3,6", "--head", kind, "-o", "\(kind).pex"]
    try Program.pexconvert.succeed([Digits.model] + placed + Digits.flags, in: folder)
    let data = Digits.folder + "/general/train"
    try Program.pextrain.succeed(["\(kind).pex", "--data", data, "--base", "-o", "base.pex", "--quiet"], in: folder)
  }

  private func accuracies(_ arguments: [String], in folder: Folder) throws -> [Double] {
    let report = try Program.pexeval.report(["base.pex", "--data", Digits.personTest] + arguments, in: folder)
    return report["exits"].items.compactMap { $0["accuracy"].number }
  }

  @Test(arguments: ["multitap", "prototype"])
  func kindsGoFromConversionToAnswers(kind: String) throws {
    let folder = try Folder()
    try base(kind, in: folder)
    try Program.pexinfo.succeed(["base.pex", "--check"], in: folder)
    for threads in ["1", "2"] {
      let arguments = [
        "base.pex", "--data", Digits.personTrain, "--threads", threads, "--force-heads", "-o", "\(threads).pexhead",
      ]
      try Program.pextrain.succeed(arguments, in: folder)
    }
    #expect(try folder.read("1.pexhead") == folder.read("2.pexhead"))
    try Program.pexinfo.succeed(["1.pexhead", "--check"], in: folder)
    let (general, own) = try (accuracies([], in: folder), accuracies(["--heads", "1.pexhead"], in: folder))
    #expect((own.max() ?? 0) > (general.max() ?? 1) + 0.2)
    let run = try Program.pexrun.report(
      ["base.pex", Digits.picture, "--heads", "1.pexhead", "--exit", "6"], in: folder)
    #expect(run["format"].number == 1)
  }

  @Test func informationNamesEarlierTapsAndStatistics() throws {
    let folder = try Folder()
    try base("multitap", in: folder)
    let report = try Program.pexinfo.report(["base.pex"], in: folder)
    #expect(report["exits"].items.map { $0["head"].string } == ["multitap", "multitap", "multitap"])
    #expect(report["exits"].items.map { $0["earlier"].items.map(\.number) } == [[], [3], [3, 6]])
    #expect(report["statistics"].items.map { $0["exit"].number } == [3, 6, 10])
    #expect(report["statistics"].items.map { $0["classes"].number } == [10, 10, 10])
    #expect(report["statistics"].items.map { $0["channels"].number } == [16, 32, 56])
    for entry in report["statistics"].items { #expect(entry["rank"].number ?? 0 > 0) }
    let text = try Program.pexinfo.succeed(["base.pex"], in: folder).stdout
    #expect(text.contains("exit 10: multitap (also reads exits 3, 6), 10 classes, trained"))
    #expect(text.contains("statistics of exit 6: 10 classes, 32 channels, rank "))
    // A bundle without them says so.
    #expect(try Program.pexinfo.report(["multitap.pex"], in: folder)["statistics"].items.isEmpty)

    try Program.pextrain.succeed(
      ["base.pex", "--data", Digits.personTrain, "--force-heads", "-o", "a.pexhead"], in: folder)
    let heads = try Program.pexinfo.report(["a.pexhead"], in: folder)
    #expect(heads["exits"].items.map { $0["earlier"].items.map(\.number) } == [[], [3], [3, 6]])
    let words = try Program.pexinfo.succeed(["a.pexhead"], in: folder).stdout
    #expect(words.contains("exit 6: multitap (also reads exit 3), temperature"))
  }

  /// In a head file that has one, class by class; absent from bundles, whose users are many.
  @Test func informationShowsThePrior() throws {
    let file = Digits.fixture("tiny.pexhead")
    #expect(try Program.pexinfo.report([file])["prior"].items.map(\.number) == [0.25, 0.25, 0.5])
    #expect(try Program.pexinfo.succeed([file]).stdout.contains("cat 25.0 %, dog 25.0 %, my own cat 50.0 %"))
    #expect(try Program.pexinfo.report([try Digits.made().heads])["prior"].isNull)
  }

  /// A point that a user named carries its number only as long as it is named.
  @Test func convertingAgainKeepsWhatIsKnownOfTheSamePoints() throws {
    let folder = try Folder()
    let (first, second) = ("/blocks.3/Relu_output_0", "/blocks.4/Relu_output_0")
    let data = Digits.folder + "/general/train"
    try Program.pexconvert.succeed([Digits.model, "--exits", first, "-o", "a.pex"] + Digits.flags, in: folder)
    try Program.pextrain.succeed(["a.pex", "--data", data, "--base", "-o", "base.pex", "--quiet"], in: folder)
    func converted(_ value: String) throws -> (trained: [Bool?], statistics: [Double?]) {
      try Program.pexconvert.succeed(["base.pex", "--exits", value, "-o", "b.pex", "--force"], in: folder)
      try Program.pexinfo.succeed(["b.pex", "--check"], in: folder)
      let report = try Program.pexinfo.report(["b.pex"], in: folder)
      #expect(report["exits"].items.map { $0["exit"].number } == (value.hasPrefix("/") ? [10, 11] : [5, 10]))
      return (report["exits"].items.map { $0["trained"].bool }, report["statistics"].items.map { $0["exit"].number })
    }
    let same = try converted(first)
    #expect(same.trained == [true, true] && same.statistics == [10, 11])
    let other = try converted(second)
    #expect(other.trained == [true, false] && other.statistics == [10])
    let none = try converted("5")
    #expect(none.trained == [false, true] && none.statistics == [10])
  }
}
