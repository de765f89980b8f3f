import Foundation
import Testing

/// Answers that are none of the classes.
@Suite struct RejectionTests {
  @Test func onlyTheLastResortRejects() throws {
    let base = try Digits.made().base
    let folder = Digits.personTest + "/5"
    func answers(_ arguments: [String]) throws -> [JSONValue] {
      try Program.pexrun.report([base, folder] + arguments)["results"].items
    }
    let (plain, strict) = (try answers([]), try answers(["--reject", "0.99"]))
    #expect(plain.allSatisfy { $0["rejected"].bool == false && $0["label"].string != nil })
    let rejected = strict.filter { $0["rejected"].bool == true }
    #expect(!rejected.isEmpty && rejected.count < strict.count)
    for answer in rejected {
      #expect(answer["exit"].string == "final" && answer["probability"].number ?? 1 < 0.99)
      #expect(answer["label"].isNull && answer["class"].isNull && !answer["top"].items.isEmpty)
    }
    for (before, after) in zip(plain, strict) {
      #expect(after["rejected"].bool == true || after["probability"].number ?? 0 >= 0.99)
      if before["probability"].number ?? 0 >= 0.99 { #expect(before["exit"].exit == after["exit"].exit) }
    }
    #expect(try answers(["--exit", "3", "--reject", "0.99"]).contains { $0["rejected"].bool == true })
    #expect(try answers(["--reject", "0"]).allSatisfy { $0["rejected"].bool == false })
    let text = try Program.pexrun.succeed([base, folder, "--reject", "0.99"]).stdout.split(separator: "\n")
    #expect(text.count { $0.contains("  none  ") } == rejected.count)
  }

  @Test func samplesOfUnknownClassesAreToldApart() throws {
    let (folder, base) = (try Folder(), try Digits.made().base)
    for digit in ["1", "4", "7"] {
      let source = "\(Digits.personTrain)/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source) {
        _ = try folder.copy("\(source)/\(name)", to: "three/\(digit)/\(name)")
      }
    }
    try Program.pextrain.succeed([base, "--data", "three", "--force-heads", "-o", "a.pexhead"], in: folder)
    let arguments = [base, "--heads", "a.pexhead", "--data", Digits.personTest]
    let plain = try Program.pexeval.report(arguments, in: folder)["policy"]
    #expect(plain["rejection"]["rejected"].number == 0 && plain["rejection"]["unknown"].number == 140)
    #expect(plain["rejection"]["accepted_accuracy"].number == plain["accuracy"].number)
    let policy = try Program.pexeval.report(arguments + ["--reject", "0.9"], in: folder)["policy"]
    let (rejected, unknown) = (
      policy["rejection"]["rejected"].number ?? 0, policy["rejection"]["unknown_rejected"].number ?? 0
    )
    let accepted = try #require(policy["rejection"]["accepted_accuracy"].number)
    #expect(unknown > 0 && unknown <= rejected && rejected < 200)
    // The unknown are rejected more often than the others are.
    #expect(unknown / 140 > (rejected - unknown) / 60)
    let right = try #require(policy["accuracy"].number) * 200
    #expect(abs(accepted * (200 - rejected) - right) < 0.01)
    #expect(accepted > (plain["accuracy"].number ?? 1))
    let text = try Program.pexeval.succeed(arguments + ["--reject", "0.9"], in: folder).stdout
    #expect(text.contains("rejected by confidence:") && text.contains("of 140 samples of unknown classes rejected"))
  }
}
