import Foundation
import Testing

/// Which exit answers, by policy, deadline or number.
@Suite struct RouteTests {
  private func answers(_ arguments: [String]) throws -> [JSONValue] {
    let base = try Digits.made().base
    return try Program.pexrun.report([base, Digits.picture] + arguments)["results"].items
  }

  @Test(arguments: ["confidence:0", "entropy:10", "margin:0", "patience:1"])
  func aPolicyThatIsAlwaysContentTakesTheFirstExit(_ policy: String) throws {
    let answer = try #require(try answers(["--policy", policy]).first)
    #expect(answer["exit"].number == 3)
    #expect(try #require(answer["macs_fraction"].number) < 0.3)
  }

  @Test(arguments: ["confidence:1", "entropy:0", "margin:1", "patience:100"])
  func aPolicyThatIsNeverContentTakesTheFinalClassifier(_ policy: String) throws {
    let answer = try #require(try answers(["--policy", policy]).first)
    #expect(answer["exit"].string == "final")
    #expect(try #require(answer["macs_fraction"].number) >= 1)
  }

  @Test func patienceCountsExitsThatAgree() throws {
    let classes = try ["3", "6", "9"].map { try #require(try answers(["--exit", $0]).first)["class"].number }
    let answer = try #require(try answers(["--policy", "patience:2"]).first)
    let expected = classes[0] == classes[1] ? 6.0 : classes[1] == classes[2] ? 9.0 : nil
    if let expected { #expect(answer["exit"].number == expected) } else { #expect(answer["exit"].exit != "6") }
    #expect(answer["exit"].exit != "3")
  }

  @Test func theStoredPolicyIsTheDefault() throws {
    let policy = try #require(try Program.pexinfo.report([try Digits.made().base])["policy"].string)
    #expect(policy.hasPrefix("confidence:"))
    let folder = Digits.personTest + "/3"
    let base = try Digits.made().base
    let stored = try Program.pexrun.report([base, folder])["results"].items.map(\.["exit"].exit)
    let asked = try Program.pexrun.report([base, folder, "--policy", policy])["results"].items.map(\.["exit"].exit)
    #expect(stored == asked)
    #expect(Set(stored).count > 1, "the policy tells samples apart")
  }

  @Test func withoutHeadsTheFinalClassifierAnswers() throws {
    let untrained = try Digits.made().bundle
    for more in [[], ["--policy", "confidence:0"], ["--deadline", "0.0001"]] {
      let report = try Program.pexrun.report([untrained, Digits.picture] + more)
      #expect(report["results"][0]["exit"].string == "final")
    }
  }

  @Test(arguments: ["3", "6", "9", "10", "final"]) func aFixedExit(_ exit: String) throws {
    let answer = try #require(try answers(["--exit", exit]).first)
    #expect(answer["exit"].exit == exit)
    #expect(answer["label"].string != nil)
    #expect(answer["deadline_missed"].bool == false)
  }

  @Test func anUntrainedHeadAnswersWithAWarning() throws {
    let outcome = try Program.pexrun.succeed([try Digits.made().bundle, Digits.picture, "--exit", "3"])
    #expect(outcome.stderr.hasPrefix("pexrun: warning: "))
    #expect(outcome.complaints.count == 1)
  }

  @Test func aDeadlineThatNobodyMeetsTakesTheFirstHead() throws {
    let answer = try #require(try answers(["--deadline", "0.0001"]).first)
    #expect(answer["exit"].number == 3)
    #expect(answer["deadline_missed"].bool == true)
  }

  @Test func aDeadlineThatEverybodyMeetsTakesTheFinalClassifier() throws {
    let answer = try #require(try answers(["--deadline", "60000"]).first)
    #expect(answer["exit"].string == "final")
    #expect(answer["deadline_missed"].bool == false)
  }

  @Test func probabilitiesComeInOrder() throws {
    let answer = try #require(try answers(["--top", "3"]).first)
    let top = answer["top"].items.compactMap { $0["probability"].number }
    #expect(top.count == 3 && top == top.sorted(by: >) && top.reduce(0, +) <= 1.001)
    #expect(answer["top"][0]["label"].string == answer["label"].string)
  }
}
