import Foundation
import Testing

/// Where `--exits` puts heads, and of which kind.
@Suite struct PlacementTests {
  private func convert(_ arguments: [String]) throws -> JSONValue {
    try Program.pexconvert.report([Digits.model, "--dry-run"] + arguments)
  }

  @Test(arguments: [
    ("3,6,9", [3, 6, 9, 10]), ("10", [10]), ("1", [1, 10]), ("none", []),
    // The shares of the digits model at exit points 3, 5 and 7 are 25.5 %, 47.8 % and 72.9 %.
    ("25%,50%,75%", [3, 5, 7, 10]), ("auto:3", [3, 5, 7, 10]), ("auto:1", [5, 10]),
    ("/blocks.4/Relu_1_output_0", [6, 10]),
    ("/stem/stem.2/Relu_output_0,/blocks.1/Relu_1_output_0", [1, 3, 10]),
  ])
  func exitsStandWhereAsked(_ specification: String, _ expected: [Int]) throws {
    let report = try convert(["--exits", specification])
    #expect(report["exits"].items.map { $0["exit"].number } == expected.map(Double.init))
  }

  @Test func threeExitsAreTheDefault() throws {
    #expect(try convert([])["exits"].items.map { $0["exit"].number } == [3, 5, 7, 10])
  }

  @Test(arguments: [
    ("linear", ["linear", "linear", "linear"]), ("conv", ["conv", "conv", "conv"]),
    ("3=conv,6=linear", ["conv", "linear", "linear"]),
  ])
  func headsAreOfTheKindAskedFor(_ kinds: String, _ expected: [String]) throws {
    let report = try convert(["--exits", "3,6", "--head", kinds])
    #expect(report["exits"].items.map { $0["head"].string } == expected)
  }

  @Test func aDryRunWritesNothing() throws {
    let folder = try Folder()
    let report = try Program.pexconvert.report([Digits.model, "--dry-run"], in: folder)
    #expect(report["output"].isNull)
    #expect(report["supported"].bool == true)
    #expect(try folder.snapshot().isEmpty)
  }

  @Test func theDefaultOutputIsTheModelsNameInTheCurrentFolder() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([Digits.model, "--quiet"], in: folder)
    #expect(Array(try folder.snapshot().keys) == ["digits.pex"])
  }

  @Test func trainingHasADefaultOutputToo() throws {
    let folder = try Folder()
    try Program.pextrain.succeed([try Digits.made().base, "--data", Digits.personTrain, "--epochs", "2"], in: folder)
    #expect(Array(try folder.snapshot().keys) == ["base.pexhead"])
  }

  @Test func convertingCanTrainTheBaseHeads() throws {
    let folder = try Folder()
    let arguments = [Digits.model, "--train-heads", Digits.folder + "/general/train", "--exits", "3", "-o", "x.pex"]
    let report = try Program.pexconvert.report(arguments + Digits.flags, in: folder)
    #expect(report["exits"].items.map(\.["trained"].bool) == [true, true])
    let nothing = [Digits.model, "--train-heads", "nothing", "-o", "y.pex"] + Digits.flags
    try Program.pexconvert.refuses(nothing, status: 66, saying: ["nothing"], in: folder)
  }

  @Test func verificationPasses() throws {
    let outcome = try Program.pexconvert.succeed([Digits.model, "--dry-run", "--verify=2"])
    #expect(outcome.stderr.contains("verify 2/2: 'logits'"))
  }

  @Test func aBundleIsListedAndConvertedLikeItsModel() throws {
    let made = try Digits.made()
    let bundle = try Program.pexconvert.report([made.bundle, "--list-exits"])
    let model = try Program.pexconvert.report([Digits.model, "--list-exits"])
    #expect(bundle["exits"].items.map { $0["macs"].number } == model["exits"].items.map { $0["macs"].number })
    #expect(bundle["exits"].items.count == 10)
  }
}
