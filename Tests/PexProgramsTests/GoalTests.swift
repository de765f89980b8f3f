import Foundation
import Testing

/// What an exit policy is chosen for, and which samples say so.
@Suite struct GoalTests {
  private func train(_ arguments: [String], in folder: Folder) throws -> JSONValue {
    let base = try Digits.made().base
    return try Program.pextrain.report(
      [base, "--data", Digits.personTrain, "-o", "a.pexhead", "--force"] + arguments, in: folder)
  }

  @Test func figuresSayWhatChoseThem() throws {
    let report = try train([], in: try Folder())
    let held = report["held_out"]
    // Two of the 160 pictures are nearly equal to others.
    #expect(held["samples"].number == 158 && held["cross_fitted"].bool == true)
    #expect(held["chose_strength"].number == 32 && held["measured"].number == 126)
    #expect(report["policy_seen"]["samples"].number == 158 && report["policy_seen"]["chosen_on_these"].bool == true)
    let expected = report["policy_expected"]
    #expect(expected["samples"].number == 126 && expected["chosen_on_these"].bool == false)
    #expect(expected["accuracy"].number ?? 0 > 0.5 && expected["mean_macs_fraction"].number ?? 2 < 1)
    // Convolutions are too dear to be trained once more for every part.
    let convolution = try train(["--head", "conv", "--exits", "3", "--epochs", "1"], in: try Folder())
    #expect(convolution["held_out"]["cross_fitted"].bool == false)
    #expect(convolution["held_out"]["samples"].number == 32)
  }

  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    let folder = try Folder()
    let files = try ["1", "2", "5"].map { threads in
      _ = try train(["--threads", threads, "--risk", "0.25"], in: folder)
      return try folder.read("a.pexhead")
    }
    #expect(files[0] == files[1] && files[0] == files[2])
  }

  /// A machine that has measured once chooses by the same times again; what cannot be kept is said.
  @Test func timesAreKeptInTheCacheFolder() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let arguments = [base, "--data", Digits.personTrain, "--force-heads", "--json", "--force", "-o", "a.pexhead"]
    func trained(_ cache: String) throws -> (report: JSONValue, words: String, heads: [UInt8]) {
      let run = try Program.pextrain.succeed(arguments, in: folder, environment: ["XDG_CACHE_HOME": cache])
      return (try JSONValue(run.output), run.stderr, Array(try folder.read("a.pexhead")))
    }
    let cache = folder["cache"]
    let (first, second) = (try trained(cache), try trained(cache))
    #expect(first.report["cost_unit"].string == "time" && first.report["full_ms"].number ?? 0 > 0)
    #expect(first.report["policy_seen"]["mean_time_fraction"].number ?? 0 > 0)
    #expect(first.heads == second.heads && first.report["full_ms"].number == second.report["full_ms"].number)
    let kept = try #require(try FileManager.default.contentsOfDirectory(atPath: cache + "/pex").first)
    #expect(kept.hasPrefix("times-") && kept.hasSuffix(".json"))
    // Damaged, or not of this world: measured anew.
    let path = cache + "/pex/" + kept
    let sound = try String(contentsOfFile: path, encoding: .utf8)
    let wrong = ["0", "-1", "1e300"].map { sound.replacing(/"trunk final" : [0-9.]+/, with: "\"trunk final\" : \($0)") }
    for text in ["", "{", String(repeating: " ", count: 2 << 20)] + wrong {
      #expect(text != sound)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let again = try trained(cache).report
      let full = try #require(again["full_ms"].number)
      #expect(full > 0 && full < 1e4)
      let share = try #require(again["policy_seen"]["mean_time_fraction"].number)
      #expect(share > 0 && share < 2)
    }
    let unkept = try trained("/proc/nowhere")
    #expect(unkept.words.contains("measured times cannot be kept"))
    #expect(unkept.report["full_ms"].number ?? 0 > 0)
  }

  @Test func latenciesAreAimedAt() throws {
    let folder = try Folder()
    let full = try #require(try train([], in: folder)["full_ms"].number)
    let report = try train(["--target-latency", "\(0.6 * full)ms"], in: folder)
    #expect(report["policy_meets_goal"].bool == true && report["policy_seen"]["mean_ms"].number ?? full <= 0.6 * full)
    let macs = try train(["--cost", "macs"], in: folder)
    #expect(macs["cost_unit"].string == "macs" && macs["full_ms"].isNull)
    #expect(macs["policy_seen"]["mean_time_fraction"].isNull)
    let arguments = [try Digits.made().base, "--data", Digits.personTrain, "-o", "b.pexhead", "--quiet"]
    for (wrong, words) in [
      (["--target-latency", "3ms", "--cost", "macs"], "--cost macs"), (["--target-latency", "0ms"], "0ms"),
      (["--target-latency", "3h"], "3h"), (["--target-latency", "1ms", "--risk", "0.1"], "give one"),
    ] {
      try Program.pextrain.refuses(arguments + wrong, status: 64, saying: [words], in: folder)
    }
  }

  @Test func aRiskIsKeptOrRefused() throws {
    let folder = try Folder()
    let report = try train(["--risk", "0.3"], in: folder)
    #expect(report["policy_meets_goal"].bool == true)
    #expect(report["policy_seen"]["accuracy"].number ?? 0 >= 0.7)
    let base = try Digits.made().base
    let measured = try Program.pexeval.report([base, "--heads", "a.pexhead", "--data", Digits.personTest], in: folder)
    #expect(measured["policy"]["accuracy"].number ?? 0 > 0.65)
    let arguments = [base, "--data", Digits.personTrain, "-o", "b.pexhead", "--quiet", "--risk"]
    // 1 / risk - 1 samples are the fewest whatever they say.
    try Program.pextrain.refuses(arguments + ["0.001"], status: 65, saying: ["999", "160", "hint: "], in: folder)
    try Program.pextrain.refuses(
      arguments + ["0.007", "--validation", "0"], status: 65, saying: ["142", "found 0"], in: folder)
    try Program.pextrain.refuses(arguments + ["0.01"], status: 65, saying: ["last resort", "hint: "], in: folder)
  }

  @Test func exitsThatNobodyTakesAreNotComputed() throws {
    let folder = try Folder()
    let report = try train(["--target-cost", "2"], in: folder)
    let enabled = report["exits"].items.filter { $0["enabled"].bool == true }.compactMap { $0["exit"].exit }
    let measured = try Program.pexeval.report(
      [try Digits.made().base, "--heads", "a.pexhead", "--data", Digits.personTest], in: folder)
    for (exit, share) in zip(measured["exits"].items, measured["policy"]["exit_share"].items) {
      if let name = exit["exit"].exit, name != "final", !enabled.contains(name) { #expect(share.number == 0) }
    }
    #expect(report["exits"].items.allSatisfy { ($0["threshold"].number != nil) == ($0["enabled"].bool == true) })
  }

  /// Nothing is decoded before: the picture that is none would be found first.
  @Test func labelsThatHeadsAreNotToKnowAreRefusedAtOnce() throws {
    let folder = try Folder()
    for digit in ["1", "2", "7"] { _ = try folder.copy(Digits.picture, to: "people/\(digit)/a.png") }
    try folder.write("people/1/0.png", Data("no picture".utf8))
    try Program.pextrain.refuses(
      [try Digits.made().base, "--data", "people", "--classes", "1,2", "-o", "a.pexhead"], status: 65,
      saying: ["not to know: 7", "hint: "], in: folder)
  }
}
