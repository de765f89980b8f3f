import Foundation
import Testing

/// Heads that read branches, from program to program: branches are trained with base heads and stay as they are for people.
@Suite struct BranchTests {
  private static let general = Digits.folder + "/general/train"

  /// A bundle that nobody has trained, with branches at exits 3 and the last one.
  private func untrained(in folder: Folder) throws {
    let placed = ["--exits", "3", "--head", "branch", "-o", "untrained.pex"]
    try Program.pexconvert.succeed([Digits.model] + placed + Digits.flags, in: folder)
  }

  private func base(_ name: String, _ options: [String], in folder: Folder) throws {
    let arguments = ["untrained.pex", "--data", Self.general, "--base", "-o", name, "--quiet", "--epochs", "6"]
    try Program.pextrain.succeed(arguments + options, in: folder)
  }

  /// What a general pass of the digits reaches at an exit.
  private func accuracy(_ bundle: String, _ arguments: [String] = [], in folder: Folder) throws -> [Double] {
    let report = try Program.pexeval.report([bundle, "--data", Digits.personTest] + arguments, in: folder)
    return report["exits"].items.compactMap { $0["accuracy"].number }
  }

  @Test func branchesGoFromConversionToAnswers() throws {
    let folder = try Folder()
    try untrained(in: folder)
    try base("base.pex", [], in: folder)
    try Program.pexinfo.succeed(["base.pex", "--check"], in: folder)
    let text = try Program.pexinfo.succeed(["base.pex"], in: folder).stdout
    #expect(text.contains("exit 3: branch, 10 classes, trained"))
    #expect(text.contains("exit 10: branch (also reads exit 3 and the branch of exit 3), 10 classes, trained"))
    for threads in ["1", "2"] {
      let arguments = [
        "base.pex", "--data", Digits.personTrain, "--threads", threads, "--force-heads", "-o", "\(threads).pexhead",
      ]
      try Program.pextrain.succeed(arguments, in: folder)
    }
    #expect(try folder.read("1.pexhead") == folder.read("2.pexhead"))
    try Program.pexinfo.succeed(["1.pexhead", "--check"], in: folder)
    // Linear heads reach 83.5 % of this person's digits at exit 3.
    let own = try accuracy("base.pex", ["--heads", "1.pexhead"], in: folder)
    #expect(own.count == 3 && own[0] > 0.86)
    let run = try Program.pexrun.report(
      ["base.pex", Digits.picture, "--heads", "1.pexhead", "--exit", "3"], in: folder)
    #expect(run["format"].number == 1)
    // A person's file holds no branch: it is smaller than what the branch adds to the bundle.
    let (heads, added) = try (
      folder.read("1.pexhead").count, folder.read("base.pex").count - folder.read("untrained.pex").count
    )
    #expect(heads * 2 < added)
  }

  @Test func headsOfAnotherBranchAreRefused() throws {
    let folder = try Folder()
    try untrained(in: folder)
    try base("a.pex", ["--augment", "none"], in: folder)
    try base("b.pex", ["--augment", "none", "--seed", "7"], in: folder)
    let arguments = ["a.pex", "--data", Digits.personTrain, "--force-heads", "-o", "a.pexhead", "--quiet"]
    try Program.pextrain.succeed(arguments, in: folder)
    try Program.pexrun.refuses(
      ["b.pex", Digits.picture, "--heads", "a.pexhead"], status: 77, saying: ["branch", "exit 3"], in: folder)
    try Program.pexrun.succeed(["a.pex", Digits.picture, "--heads", "a.pexhead"], in: folder)
  }

  /// Branches that are there are not trained again, so that the heads of people who read them go on fitting.
  @Test func trainingBaseHeadsAgainKeepsBranches() throws {
    let folder = try Folder()
    try untrained(in: folder)
    try base("a.pex", [], in: folder)
    try Program.pextrain.succeed(
      ["a.pex", "--data", Digits.personTrain, "--force-heads", "-o", "a.pexhead", "--quiet"], in: folder)
    try Program.pextrain.succeed(
      ["a.pex", "--data", Self.general, "--base", "--seed", "9", "-o", "again.pex", "--quiet"], in: folder)
    #expect(try folder.read("a.pex") != folder.read("again.pex"))
    try Program.pexrun.succeed(["again.pex", Digits.picture, "--heads", "a.pexhead"], in: folder)
  }

  /// The same bytes at any number of threads, other bytes for other views of the pictures.
  @Test func augmentationIsSeededAndChosen() throws {
    let folder = try Folder()
    try untrained(in: folder)
    for (name, options) in [
      ("none", ["--augment", "none", "--threads", "1"]), ("again", ["--augment", "none", "--threads", "2"]),
      ("both", ["--augment", "shift,mirror"]),
    ] {
      try base("\(name).pex", options + ["--epochs", "1"], in: folder)
    }
    #expect(try folder.read("none.pex") == folder.read("again.pex"))
    #expect(try folder.read("none.pex") != folder.read("both.pex"))
    try Program.pextrain.refuses(
      ["untrained.pex", "--data", Self.general, "--base", "-o", "x.pex", "--augment", "blur"], status: 64,
      saying: ["--augment", "shift"], in: folder)
  }

  @Test func branchesThatNobodyTrainedAreNoPersonsToTrain() throws {
    let folder = try Folder()
    try untrained(in: folder)
    try Program.pextrain.refuses(
      ["untrained.pex", "--data", Digits.personTrain, "-o", "x.pexhead", "--quiet"], status: 64,
      saying: ["branch of exit 3", "--base"], in: folder)
    try Program.pextrain.refuses(
      [try Digits.made().base, "--data", Digits.personTrain, "--head", "branch", "-o", "x.pexhead", "--quiet"],
      status: 64, saying: ["exit 3", "no branch"], in: folder)
  }
}
