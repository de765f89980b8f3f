import Foundation
import Testing

/// Training goes on as more data comes, and never replaces a head by a worse one.
@Suite struct ProgressTests {
  /// The first pictures of every digit of the person.
  private func pictures(_ count: Int, in folder: Folder) throws -> String {
    for digit in 0..<10 {
      for index in 0..<count {
        let name = String(format: "%03d.png", index)
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/\(name)", to: "few/\(digit)/\(name)")
      }
    }
    return "few"
  }

  @Test func theReportShowsHowTheDepthMoves() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let few = try pictures(3, in: folder)
    let first = try Program.pextrain.report([base, "--data", few, "--force-heads", "-o", "a.pexhead"], in: folder)
    #expect(first["from"].isNull)
    let arguments = [
      base, "--data", Digits.personTrain, "--from", "a.pexhead", "--force-heads", "-o", "b.pexhead", "--force",
    ]
    let second = try Program.pextrain.report(arguments, in: folder)
    let from = second["from"]
    #expect(from["heads"].items.compactMap { $0["exit"].number } == [3, 6, 9, 10])
    for head in from["heads"].items {
      #expect(head["samples"].number == second["held_out"]["samples"].number)
      let earlier = try #require(head["earlier_accuracy"].number)
      let written = try #require(head["written_accuracy"].number)
      #expect(head["earlier_stays"].bool == true || written >= earlier)
      #expect(head["new_accuracy"].number != nil)
    }
    let policy = from["policy"]
    #expect(policy["samples"].number == second["held_out"]["measured"].number)
    #expect(policy["chosen_on_these"].bool == false)
    for which in ["earlier", "new"] {
      let shares = policy[which]["exit_share"].items
      #expect(abs(shares.compactMap { $0["share"].number }.reduce(0, +) - 1) < 1e-5)
      let taken = shares.filter { $0["share"].number ?? 0 > 0 }
      #expect(taken.last?["exit"].exit == policy[which]["deepest_exit"].exit && !taken.isEmpty)
    }
    #expect(policy["new"]["accuracy"].number == second["policy_expected"]["accuracy"].number)
    #expect(policy["new"]["mean_macs_fraction"].number == second["policy_expected"]["mean_macs_fraction"].number)
    // 160 pictures of a turned pen tell more than 30.
    let accuracies = ["earlier", "new"].compactMap { policy[$0]["accuracy"].number }
    try #require(accuracies.count == 2)
    #expect(accuracies[1] > accuracies[0])
    let said = try Program.pextrain.succeed(arguments, in: folder).stdout
    #expect(said.contains("earlier policy ") && said.contains("; new policy ") && said.contains("deepest exit"))
  }

  /// The earlier policy comes to what the earlier heads come to when they are measured on the same pictures.
  @Test func theEarlierPolicyIsFollowedAsSessionsDo() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let few = try pictures(3, in: folder)
    try Program.pextrain.succeed([base, "--data", few, "--force-heads", "-o", "a.pexhead"], in: folder)
    let report = try Program.pextrain.report(
      [base, "--data", Digits.personTrain, "--from", "a.pexhead", "-o", "b.pexhead", "--head", "conv"], in: folder)
    let policy = report["from"]["policy"]
    #expect(policy["samples"].number == 32)
    let measured = try Program.pexeval.report(
      [base, "--heads", "a.pexhead", "--data", Digits.personTrain], in: folder)["policy"]
    // The same heads on a fifth of the same pictures.
    for key in ["accuracy", "mean_macs_fraction"] {
      let (here, there) = (try #require(policy["earlier"][key].number), try #require(measured[key].number))
      #expect(abs(here - there) < 0.2)
    }
  }

  @Test func worseHeadsReplaceNothing() throws {
    let folder = try Folder()
    let made = try Digits.made()
    // Convolutions that hardly train are worse than anything.
    let report = try Program.pextrain.report(
      [
        made.base, "--data", Digits.personTrain, "--from", made.heads, "--head", "conv", "--epochs", "1", "--lr",
        "0.0000001", "--force-heads", "-o", "x.pexhead",
      ], in: folder)
    let heads = report["from"]["heads"].items
    #expect(heads.count == 4)
    for head in heads {
      #expect(head["earlier_stays"].bool == true)
      let earlier = try #require(head["earlier_accuracy"].number)
      #expect(try #require(head["written_accuracy"].number) < earlier)
    }
    func accuracies(_ file: String) throws -> [Double?] {
      let report = try Program.pexeval.report([made.base, "--heads", file, "--data", Digits.personTest], in: folder)
      return report["exits"].items.map { $0["accuracy"].number }
    }
    #expect(try accuracies("x.pexhead") == accuracies(made.heads))
    #expect(report["verdict"]["flattered"].bool == true)
  }

  @Test func headsOfOtherClassesAreNotCompared() throws {
    let folder = try Folder()
    let made = try Digits.made()
    for digit in [3, 8] {
      for index in 0..<8 {
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/00\(index).png", to: "two/\(digit)/\(index).png")
      }
    }
    let report = try Program.pextrain.report(
      [made.base, "--data", "two", "--classes", "3,8", "--from", made.heads, "-o", "x.pexhead"], in: folder)
    #expect(report["from"]["heads"].items.isEmpty)
    // The policy of ten classes is still one that can be followed.
    #expect(report["from"]["policy"]["earlier"]["accuracy"].number != nil)
    // Where nobody lists them, the classes of the earlier heads stay beside those of the pictures.
    let all = try Program.pextrain.report(
      [made.base, "--data", "two", "--from", made.heads, "-o", "y.pexhead"], in: folder)
    #expect(all["classes"].items.count == 10 && !all["from"]["heads"].items.isEmpty)
  }
}
