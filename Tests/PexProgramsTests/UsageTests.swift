import Foundation
import Testing

/// Options that mean nothing are refused with 64 before anything is done.
@Suite struct UsageTests {
  @Test(arguments: ["99", "0", "3,3", "3,99", "120%", "auto:99", "auto:0", "nothing", ",", "3,", "25%,26%,99%,"])
  func exitsThatDoNotExist(_ exits: String) throws {
    let folder = try Folder()
    try Program.pexconvert.refuses([Digits.model, "--exits", exits, "-o", "x.pex"], status: 64, in: folder)
  }

  @Test(arguments: ["99", "0", "3,99", "auto:99", "nothing"])
  func theHintListsTheExitsThatExist(_ exits: String) throws {
    let folder = try Folder()
    let lines = try Program.pexconvert.refuses([Digits.model, "--exits", exits], status: 64, in: folder)
    let hint = try #require(lines.last)
    #expect(hint.hasPrefix("hint: "))
    for number in 1...10 { #expect(hint.contains("\(number) (/")) }
  }

  @Test(arguments: [
    ["--head", "multi"], ["--head", "foo"], ["--head", "3=foo"], ["--head", "3=conv,3=linear"],
    ["--weights", "f64"], ["--preprocess", "foo"], ["--mean", "a"], ["--crop", "0"], ["--std", "0"],
    ["--channels", "cmyk"], ["--input", "image"], ["--input", "image:1xx3"], ["--output-kind", "foo"],
    ["--output", "nothing"], ["--output", "logits", "--output", "logits"], ["--verify=0"], ["-o", "-"], ["--nonsense"],
  ])
  func conversion(_ arguments: [String]) throws {
    try Program.pexconvert.refuses([Digits.model] + arguments, status: 64, in: try Folder())
  }

  @Test(arguments: [
    ["--policy", "foo:1"], ["--policy", "confidence"], ["--policy", "confidence:2"], ["--policy", "confidence:nan"],
    ["--policy", "patience:0"], ["--policy", "patience:1.5"], ["--policy", "margin:-1"], ["--policy", "entropy:x"],
    ["--exit", "99"], ["--exit", "1"], ["--exit", "foo"], ["--exit", "3", "--policy", "patience:2"],
    ["--deadline", "0"], ["--deadline=-1"], ["--deadline", "nan"], ["--deadline", "x"],
    ["--exit", "3", "--deadline", "5"],
    ["--threads", "0"], ["--threads=-1"], ["--threads", "100000"], ["--threads", "x"],
    ["--prior", "foo=1"], ["--prior", "3"], ["--prior", "3=x"], ["--prior", "3=-1"], ["--prior", "3=0"],
    ["--prior", ""], ["--reject", "2"], ["--reject=-0.1"], ["--reject", "nan"], ["--reject", "x"],
  ])
  func routes(_ arguments: [String]) throws {
    let folder = try Folder()
    let base = try Digits.made().base
    try Program.pexrun.refuses([base, Digits.picture] + arguments, status: 64, in: folder)
    try Program.pexeval.refuses([base, "--data", Digits.personTest] + arguments, status: 64, in: folder)
  }

  @Test(arguments: [
    ["--batch", "0"], ["--batch=-1"], ["--batch", "x"], ["--top", "0"], ["--bench=0"],
    ["--bench", "--profile"], ["--input", "foo=x.npy"], ["--input", "image"], ["-", "-"], ["--nonsense"],
    ["--pixel-limit", "0"], ["--pixel-limit", "-5"],
    ["--pixel-limit", "99999999999999"],
  ])
  func running(_ arguments: [String]) throws {
    try Program.pexrun.refuses([try Digits.made().base] + arguments, status: 64, in: try Folder())
  }

  @Test(arguments: [
    ["--head", "multi"], ["--exits", "99"], ["--exits", "x"], ["--classes", "a,b"],
    ["--classes", "3"], ["--epochs", "0"], ["--batch", "0"], ["--lr=-1"], ["--lr", "nan"], ["--optimizer", "foo"],
    ["--weight-decay=-1"], ["--seed", "x"], ["--validation", "1"], ["--target-accuracy", "2"],
    ["--supervision", "foo"],
    ["--threads", "0"], ["-o", "-"], ["--nonsense"],
    ["--target-cost", "0"], ["--target-cost", "x"], ["--target-cost", "0.5", "--target-accuracy", "0.5"],
    ["--target-accuracy", "0.5", "--confidence", "1"],
    ["--risk", "0"], ["--risk", "1"], ["--risk", "nan"], ["--risk", "x"], ["--risk", "0.1", "--target-cost", "0.5"],
  ])
  func training(_ arguments: [String]) throws {
    let folder = try Folder()
    let output = arguments.contains("-o") ? [] : ["-o", "x.pexhead"]
    let data = [try Digits.made().base, "--data", Digits.personTrain]
    try Program.pextrain.refuses(data + output + arguments, status: 64, in: folder)
  }

  @Test(arguments: Program.allCases) func nothingAtAll(_ program: Program) throws {
    try program.refuses([], status: 64, saying: ["hint: "], in: try Folder())
  }

  @Test func labelsOfTheWrongNumber() throws {
    let folder = try Folder()
    try folder.write("labels.txt", Data("a\nb\nc\n".utf8))
    try Program.pexconvert.refuses(
      [Digits.model, "--labels", "labels.txt"], status: 64, saying: ["10", "3"], in: folder)
  }
}
