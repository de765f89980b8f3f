import Foundation
import Testing

/// Samples that nothing can be learned from: a clear word, and the earlier heads as they were.
@Suite struct BadTrainingTests {
  /// A folder with heads that a training would replace.
  private func folderWithHeads() throws -> Folder {
    let folder = try Folder()
    _ = try folder.copy(try Digits.made().heads, to: "x.pexhead")
    return folder
  }

  /// Some pictures of a digit.
  private func add(_ count: Int, of digit: Int, to folder: Folder) throws {
    for index in 0..<count {
      let source = "\(Digits.personTrain)/\(digit)/00\(index).png"
      _ = try folder.copy(source, to: "people/\(digit)/\(index).png")
    }
  }

  private let output = ["-o", "x.pexhead", "--force", "--quiet"]

  /// What was warned of, and the report.
  private func train(_ arguments: [String], in folder: Folder) throws -> (warnings: [String], report: JSONValue) {
    let outcome = try Program.pextrain.succeed(arguments + output + ["--json"], in: folder)
    return (outcome.complaints, try JSONValue(outcome.output))
  }

  @Test func noLabelsAndNoClassifier() throws {
    let folder = try folderWithHeads()
    try add(3, of: 3, to: folder)
    try Program.pexconvert.succeed(
      [Digits.model, "--output-kind", "none", "-o", "none.pex"] + Digits.flags, in: folder)
    try Program.pextrain.refuses(
      ["none.pex", "--unlabelled", "people/3"] + output, status: 65, saying: ["classifier", "--data"], in: folder)
  }

  @Test func oneClass() throws {
    let folder = try folderWithHeads()
    try add(3, of: 3, to: folder)
    let base = try Digits.made().base
    try Program.pextrain.refuses([base, "--data", "people"] + output, status: 65, saying: ["one class"], in: folder)
  }

  @Test func fewerSamplesThanClasses() throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(2, of: digit, to: folder) }
    let made = try Digits.made()
    let arguments = ["--data", "people", "--classes", "all"]
    // What the classifier or base heads know of the other classes is what remains.
    for bundle in [made.bundle, made.base] {
      let trained = try train([bundle] + arguments, in: folder)
      #expect(trained.report["classes"].items.count == 10)
      #expect(trained.report["verdict"]["last_resort"]["classifier"].number == 1)
      #expect(
        trained.warnings.contains { $0.contains("no sample of 8 classes") && $0.contains("0, 1, 2, 4, 5, 6, 7, 9") })
    }
  }

  /// Base heads that learned of two digits alone are sure of what they never heard of: they answer nobody unasked.
  @Test func baseHeadsOfSomeClassesStoreNoPolicy() throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    let arguments = [try Digits.made().base, "--data", "people", "--base", "-o", "base.pex", "--force"]
    let outcome = try Program.pextrain.succeed(arguments, in: folder)
    #expect(outcome.stdout.contains("no early exit: heads that learned nothing of some classes"))
    #expect(try Program.pextrain.report(arguments, in: folder)["policy"].isNull)
    let answers = try Program.pexrun.report(["base.pex", Digits.personTrain + "/5"], in: folder)["results"].items
    #expect(!answers.isEmpty && answers.allSatisfy { $0["exit"].string == "final" })
    // Who asks for a goal gets the policy.
    let goal = try Program.pextrain.report(arguments + ["--target-accuracy", "0.5"], in: folder)
    #expect(!goal["policy"].isNull)
  }

  /// Exits that training closed take no part in a policy that somebody asks for, and that is said by number.
  @Test func aPolicyOnClosedExitsSaysSo() throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    let base = try Digits.made().base
    let report = try Program.pextrain.report(
      [base, "--data", "people", "--force-heads", "-o", "closed.pexhead"], in: folder)
    let exits = report["exits"].items
    let closed = exits.dropLast().filter { $0["enabled"].bool == false }.compactMap { $0["exit"].number }
    try #require(!closed.isEmpty)
    let list = closed.map { String(Int($0)) }.joined(separator: ", ")
    let picture = Digits.personTrain + "/3"
    let arguments = [base, picture, "--heads", "closed.pexhead"]
    let said = try Program.pexrun.succeed(arguments + ["--policy", "confidence:0.5"], in: folder).stderr
    #expect(said.contains("\(list), as stopping there does not pay: no policy takes"))
    #expect(try !Program.pexrun.succeed(arguments, in: folder).stderr.contains("no policy takes"))
  }

  @Test func aClassThatCannotBeHeldOut() throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    try add(1, of: 5, to: folder)
    let trained = try train([try Digits.made().base, "--data", "people"], in: folder)
    #expect(trained.report["classes"].items.compactMap(\.string) == ["3", "5", "8"])
    #expect(trained.report["held_out"]["samples"].number == 16)
    #expect(trained.warnings.count == 1)
    #expect(
      trained.warnings.allSatisfy {
        $0.contains("1 class to hold one out, so no figure speaks of it") && $0.hasSuffix(": 5")
      })
  }

  @Test(arguments: [[], ["--cache", "features"]]) func unreadablePicturesAreLeftOut(_ cache: [String]) throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    let arguments = [try Digits.made().base, "--data", "people"] + cache
    let whole = try train(arguments, in: folder)
    let heads = try folder.read("x.pexhead")
    #expect(whole.report["skipped"]["count"].number == 0 && whole.warnings.isEmpty)

    let good = try Data(contentsOf: URL(fileURLWithPath: Digits.picture))
    // One in front of all others, two of the same bytes, one at the end.
    try folder.write("people/3/+.png", Data("no picture".utf8))
    try folder.write("people/3/x.png", good.prefix(good.count / 2))
    try folder.write("people/8/y.png", good.prefix(good.count / 2))
    try folder.write("people/8/z.jpg", Data())
    let trained = try train(arguments, in: folder)
    #expect(trained.report["skipped"]["count"].number == 4)
    let reasons = trained.report["skipped"]["reasons"].items.compactMap(\.string)
    #expect(reasons.count == 4)
    for (name, reason) in zip(["people/3/+.png", "people/3/x.png", "people/8/y.png", "people/8/z.jpg"], reasons) {
      #expect(reason.hasPrefix(name + ": "))
    }
    #expect(trained.warnings.count == 1)
    let warning = try #require(trained.warnings.first)
    #expect(warning.hasPrefix("pextrain: warning: 4 of 20 samples cannot be read") && warning.hasSuffix("; …"))
    #expect(warning.contains("people/3/+.png") && !warning.contains("z.jpg"))
    #expect(trained.report["images"].number == 16 && trained.report["labelled"].number == 16)
    #expect(try folder.read("x.pexhead") == heads)
  }

  @Test func nothingReadableIsLeft() throws {
    let folder = try folderWithHeads()
    for name in ["3/0", "3/1", "8/0", "8/1"] { try folder.write("people/\(name).png", Data("no picture".utf8)) }
    let arguments = [try Digits.made().base, "--data", "people"] + output
    try Program.pextrain.refuses(arguments, status: 65, saying: ["none of 4 samples", "people/3/0.png"], in: folder)
    // Those that can be read are of one class: the other one does not vanish without a word.
    try add(2, of: 3, to: folder)
    try Program.pextrain.refuses(
      arguments, status: 65, saying: ["class '8'", "none of its 2 samples", "people/8/0.png"], in: folder)
  }

  @Test func baseHeadsDoWithoutUnreadablePictures() throws {
    let folder = try Folder()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    try folder.write("people/3/x.png", Data("no picture".utf8))
    let outcome = try Program.pexconvert.succeed(
      [Digits.model, "--exits", "3", "--train-heads", "people", "-o", "a.pex", "--quiet"] + Digits.flags, in: folder)
    #expect(outcome.complaints.contains { $0.contains("1 of 17 samples") && $0.contains("people/3/x.png") })
  }

  /// Of numbers that are no picture nothing is forgiven, and the message names the file.
  @Test(arguments: [Float.nan, 3e38]) func numbersThatCannotBeUsed(_ number: Float) throws {
    let folder = try folderWithHeads()
    for digit in [3, 8] { try add(8, of: digit, to: folder) }
    let array = Arrays.npy([1, 32, 32], [Float](repeating: number, count: 1024))
    try folder.write("people/8/x.npy", array)
    try Program.pextrain.refuses(
      [try Digits.made().base, "--data", "people"] + output, status: 65, saying: ["people/8/x.npy"], in: folder)
  }
}
