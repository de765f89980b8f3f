import Foundation
import Testing

/// What a person is told about what is worth having.
@Suite struct VerdictTests {
  @Test func stepsFromTheBaseHeadToThePersonalOne() throws {
    let verdict = try Digits.made().training["verdict"]
    #expect(verdict["exit"].number == 10 && verdict["figures"].string == "accuracy")
    // A fifth of the samples chose strength and epochs and is left out.
    #expect(verdict["samples"].number == 126)
    let steps = verdict["steps"].items
    let names = steps.compactMap { $0["step"].string }
    #expect(names.first == "classes" && names.last == "training")
    for (step, next) in zip(steps, steps.dropFirst()) { #expect(step["after"].number == next["before"].number) }
    for step in steps {
      let gain = try #require(step["gain"].number)
      let interval = step["interval"].items.compactMap(\.number)
      try #require(interval.count == 2)
      #expect(interval[0] < gain && gain < interval[1])
      let (before, after) = (try #require(step["before"].number), try #require(step["after"].number))
      #expect(abs(after - before - gain) < 1e-5)
      #expect(step["worth_having"].bool == (interval[0] > 0))
    }
    // This person has all ten classes, so knowing them is worth nothing; the pen is turned, so training is.
    #expect(steps.first?["gain"].number == 0 && steps.first?["worth_having"].bool == false)
    #expect(steps.last?["worth_having"].bool == true)
    #expect(verdict["keep"].string == "personal" && verdict["flattered"].bool == false)
    #expect(verdict["sentence"].string?.contains("answered better by it, beyond chance") == true)
    // The last step ends where the table of heads does.
    let table = Digits.madeExit(10)["validation_accuracy"].number
    #expect(steps.last?["after"].number == table)
  }

  @Test func thePicturesThatTheModelKnowsNeedNoTraining() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    // Only some digits, written as the model learned them.
    for digit in [1, 4, 7] {
      let source = "\(Digits.folder)/general/test/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source) {
        _ = try folder.copy("\(source)/\(name)", to: "known/\(digit)/\(name)")
      }
    }
    let arguments = [base, "--data", "known", "-o", "x.pexhead", "--force"]
    let verdict = try Program.pextrain.report(arguments, in: folder)["verdict"]
    #expect(verdict["keep"].string == "base")
    #expect(verdict["sentence"].string?.hasPrefix("the base model, told the classes, answers last") == true)
    let said = try Program.pextrain.succeed(arguments, in: folder).stdout
    #expect(said.contains(try #require(verdict["sentence"].string)))
    #expect(said.contains("accuracy on \(Int(verdict["samples"].number ?? 0)) held-out samples that trained nothing"))
  }

  @Test func withoutLabelsAllOfItIsAgreement() throws {
    let folder = try Folder()
    let arguments = [try Digits.made().base, "--unlabelled", Digits.personTrain, "-o", "x.pexhead", "--force"]
    let report = try Program.pextrain.report(arguments, in: folder)
    #expect(report["verdict"]["figures"].string == "agreement")
    let said = try Program.pextrain.succeed(arguments, in: folder).stdout
    #expect(said.contains("agreement with the original classifier on"))
    #expect(!said.contains("accuracy"))
  }

  @Test func withoutBaseHeadsTheClassifierIsWhatThereWas() throws {
    let folder = try Folder()
    let arguments = [try Digits.made().bundle, "--data", Digits.personTrain, "-o", "x.pexhead", "--force"]
    let verdict = try Program.pextrain.report(arguments, in: folder)["verdict"]
    #expect(verdict["keep"].string == "personal" && verdict["steps"].items.count == 2)
    #expect(verdict["steps"].items.last?["worth_having"].bool == true)
    // Where there is no classifier either, nothing was there before.
    let flags = ["--preprocess", "unit", "--channels", "gray", "--output-kind", "none", "-o", "none.pex"]
    try Program.pexconvert.succeed([Digits.model] + flags, in: folder)
    let none = try Program.pextrain.report(
      ["none.pex", "--data", Digits.personTrain, "-o", "y.pexhead"], in: folder)["verdict"]
    #expect(none["keep"].isNull && none["steps"].items.isEmpty)
    #expect(none["sentence"].string?.contains("there is no classifier that knows these classes") == true)
    // Base heads are nobody's.
    let base = [try Digits.made().bundle, "--data", Digits.personTrain, "--base", "-o", "x.pex"]
    let report = try Program.pextrain.report(base, in: folder)
    #expect(report.keys.contains("verdict") && report["verdict"].isNull)
  }
}

extension Digits {
  /// What the person's training said of an exit.
  fileprivate static func madeExit(_ exit: Double) -> JSONValue {
    let exits = (try? made())?.training["exits"].items ?? []
    return exits.first { $0["exit"].number == exit } ?? .null
  }
}
