import Foundation
import Testing

/// Several head files and policies in one run of `pexeval`, with intervals.
@Suite struct ComparisonTests {
  private func measure(_ arguments: [String], in folder: Folder? = nil) throws -> JSONValue {
    try Program.pexeval.report([try Digits.made().base, "--data", Digits.personTest] + arguments, in: folder)
  }

  /// What a report says of accuracy, exits and rejection: everything but times.
  private func facts(_ policy: JSONValue) -> [JSONValue] {
    ["name", "accuracy", "mean_macs_fraction", "exit_share", "expected_calibration_error", "rejection"].map {
      policy[$0]
    }
  }

  @Test func togetherTheySayWhatEachSaysAlone() throws {
    let folder = try Folder()
    let made = try Digits.made()
    try Program.pextrain.succeed(
      [
        made.base, "--data", Digits.personTrain, "--exits", "3,6", "--epochs", "3", "--force-heads", "-o",
        "few.pexhead",
      ], in: folder)
    let policies = ["confidence:0.8", "margin:0.3,3=0.9", "patience:2"]
    let arguments = policies.flatMap { ["--policy", $0] } + ["--reject", "0.6"]
    let files = [made.heads, "few.pexhead"]
    let all = try measure(files.flatMap { ["--heads", $0] } + arguments, in: folder)
    #expect(all["heads"].items.map { $0["heads"].string } == ["person.pexhead", "few.pexhead", nil])
    #expect(all["heads"].items.map { $0["is_reference"].bool } == [false, false, true])
    for (place, file) in files.enumerated() {
      let one = all["heads"][place]
      #expect(one["policies"].items.map { $0["name"].string } == policies)
      for (policy, found) in zip(policies, one["policies"].items) {
        let alone = try measure(["--heads", file, "--policy", policy, "--reject", "0.6"], in: folder)
        #expect(facts(found) == facts(alone["policy"]))
        for (mine, theirs) in zip(one["exits"].items, alone["exits"].items) {
          #expect(mine["exit"] == theirs["exit"] && mine["accuracy"] == theirs["accuracy"])
          #expect(mine["macs_fraction"] == theirs["macs_fraction"])
        }
      }
    }
    // The first of each is what the old keys speak of.
    #expect(facts(all["policy"]) == facts(all["heads"][0]["policies"][0]))
    #expect(all["exits"] == all["heads"][0]["exits"])
  }

  /// What is followed on recorded answers is what a real run does, and costs what that costs.
  @Test(
    arguments: [
      "confidence:0.9", "confidence:0.99,3=0.5,9=0.2", "entropy:0.3", "margin:0.8", "patience:2", "patience:99",
    ])
  func policiesAreFollowedAsRunsFollowThem(_ policy: String) throws {
    let made = try Digits.made()
    let folder = try Folder()
    for name in try FileManager.default.contentsOfDirectory(atPath: Digits.personTest + "/3") {
      _ = try folder.copy("\(Digits.personTest)/3/\(name)", to: "three/3/\(name)")
    }
    for heads in [[], ["--heads", made.heads]] {
      let arguments = [made.base] + heads + ["--policy", policy, "--reject", "0.4"]
      let run = try Program.pexrun.report(arguments + ["three/3"], in: folder)["results"].items
      let report = try Program.pexeval.report(
        arguments + ["--data", "three", "--samples", "s.csv", "--timed", "1", "--force"], in: folder)
      let table = CSV(try folder.read("s.csv"))
      let found = table.rows.indices.filter { table["taken"][$0] == "true" }
      #expect(run.count == 20 && found.map { table["exit"][$0] } == run.map { $0["exit"].exit })
      for (row, answer) in zip(found, run) {
        #expect(table["rejected"][row] == "\(answer["rejected"].bool ?? false)")
        if answer["rejected"].bool == false { #expect(table["label"][row] == answer["label"].string) }
      }
      let fractions = run.compactMap { $0["macs_fraction"].number }
      let mean = fractions.reduce(0, +) / Double(fractions.count)
      #expect(abs(mean - (report["policy"]["mean_macs_fraction"].number ?? 0)) < 1e-4)
    }
  }

  @Test func intervalsHoldTheFigures() throws {
    let report = try measure([
      "--heads", try Digits.made().heads, "--policy", "confidence:0.5", "--policy", "patience:3",
    ])
    for figures in report["exits"].items + report["heads"].items.flatMap({ $0["policies"].items }) {
      let accuracy = try #require(figures["accuracy"].number)
      let interval = figures["accuracy_interval"].items.compactMap(\.number)
      #expect(interval.count == 2 && interval[0] < accuracy + 1e-9 && accuracy < interval[1] + 1e-9)
      // 200 samples: the margin is 7 points at most.
      #expect((0.005...0.14).contains(interval[1] - interval[0]))
      let (time, times) = (figures["mean_ms"].number ?? -1, figures["ms_interval"].items.compactMap(\.number))
      #expect(times.count == 2 && times[0] <= time && time <= times[1] && time > 0)
    }
  }

  @Test func differencesArePairedAndNamed() throws {
    let report = try measure([
      "--heads", try Digits.made().heads, "--policy", "confidence:0.5", "--policy", "patience:3",
    ])
    let found = report["differences"].items
    #expect(found.map { $0["before"]["final"].bool } == [true, false, false])
    #expect(found.map { $0["before"]["heads"].string } == [nil, nil, "person.pexhead"])
    #expect(found.map { $0["after"]["policy"].string } == ["confidence:0.5", "confidence:0.5", "patience:3"])
    let before = try #require(report["exits"].items.last?["accuracy"].number)
    let after = try #require(report["policy"]["accuracy"].number)
    #expect(abs((found[0]["gain"].number ?? 0) - (after - before)) < 1e-5)
    let interval = found[0]["interval"].items.compactMap(\.number)
    #expect(interval[0] > 0 && interval[0] < after - before && after - before < interval[1] + 0.02)
    let text = try Program.pexeval.succeed(
      [try Digits.made().base, "--heads", try Digits.made().heads, "--data", Digits.personTest]
    ).stdout
    #expect(text.contains("compared with") && text.contains("final classifier") && text.contains("95 % interval"))
  }

  /// A run follows the last of several, so that a script may add one to a line.
  @Test func aRunTakesTheLast() throws {
    let made = try Digits.made()
    let twice = ["--policy", "confidence:1", "--policy", "confidence:0", "--heads", "missing", "--heads", made.heads]
    let report = try Program.pexrun.report([made.base, Digits.picture] + twice)
    #expect(report["results"][0]["exit"].number == 3)
  }

  @Test(arguments: [
    ["--policy", "confidence:0.8,4=0.5"], ["--policy", "confidence:0.8,3=2"], ["--policy", "confidence:0.8,3"],
    ["--policy", "confidence:0.8,3=0.5,3=0.6"],
  ])
  func thresholdsThatAreNone(_ arguments: [String]) throws {
    let (base, folder) = (try Digits.made().base, try Folder())
    try Program.pexrun.refuses([base, Digits.picture] + arguments, status: 64, in: folder)
    try Program.pexeval.refuses([base, "--data", Digits.personTest] + arguments, status: 64, in: folder)
  }

  @Test func aDeadlineIsMetByRealRuns() throws {
    let report = try measure(["--deadline", "60000"])
    #expect(report["policy"]["name"].string?.hasPrefix("deadline 60000") == true)
    #expect(report["policy"]["exit_share"].items.compactMap(\.number) == [0, 0, 0, 0, 1])
    let hurry = try measure(["--deadline", "0.0001"])
    #expect(hurry["policy"]["exit_share"].items.compactMap(\.number) == [1, 0, 0, 0, 0])
    #expect(hurry["policy"]["accuracy"] == hurry["exits"][0]["accuracy"])
  }
}
