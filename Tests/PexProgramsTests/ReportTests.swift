import Foundation
import Testing

/// The JSON reports have the keys that scripts depend on. That each begins with its format is checked on reading any.
@Suite struct ReportTests {
  @Test func listOfExits() throws {
    let report = try Program.pexconvert.report([Digits.model, "--list-exits"])
    #expect(report["exits"].items.map { $0["index"].number } == (1...10).map(Double.init))
    for exit in report["exits"].items {
      #expect(exit.keys.isSuperset(of: ["index", "value", "shape", "macs", "macs_fraction", "parameters"]))
    }
    let total = try #require(report["total"]["macs"].number)
    #expect(report["total"]["parameters"].number == 239_362)
    // The shares are the prefix alone, so they grow and never pass the whole.
    let macs = report["exits"].items.compactMap { $0["macs"].number }
    #expect(macs.count == 10 && macs == macs.sorted() && macs.allSatisfy { $0 <= total })
  }

  @Test func conversion() throws {
    let folder = try Folder()
    let arguments = [Digits.model, "-o", "a.pex", "--exits", "3"] + Digits.flags
    let report = try Program.pexconvert.report(arguments, in: folder)
    #expect(report["output"].string == "a.pex")
    #expect(report["bytes"].number == Double(try folder.read("a.pex").count))
    let exit = report["exits"][0]
    #expect(exit["exit"].number == 3)
    #expect(exit["shape"].items.dropFirst().map(\.number) == [16, 16, 16])
    #expect(exit["head_parameters"].number == 330)
    #expect(exit["trained"].bool == false)
    #expect(report["trunk_digest"].string?.count == 64)
  }

  @Test func training() throws {
    let report = try Digits.made().training
    // Two of 160 are nearly equal to others: two strokes of one pen.
    #expect(report["copies"]["count"].number == 2 && report["copies"]["contradicting"].number == 0)
    #expect(report["images"].number == 158)
    #expect(report["labelled"].number == 158)
    #expect(report["seconds"].keys.isSuperset(of: ["features", "heads"]))
    #expect(try #require(report["head_step_us"].number) > 0)
    #expect(report["exits"].items.map { $0["exit"].number } == [3, 6, 9, 10])
    for exit in report["exits"].items {
      #expect(exit["train_accuracy"].number != nil && exit["validation_accuracy"].number != nil)
      #expect(exit["temperature"].number != nil && exit["threshold"].number != nil)
      #expect(exit["enabled"].bool != nil)
    }
  }

  @Test func evaluation() throws {
    let report = try Program.pexeval.report([try Digits.made().base, "--data", Digits.personTest])
    #expect(report["images"].number == 200)
    #expect(report["exits"].items.map(\.["exit"].exit) == ["3", "6", "9", "10", "final"])
    for exit in report["exits"].items {
      #expect(exit.keys.isSuperset(of: ["exit", "accuracy", "macs_fraction", "mean_ms"]))
    }
    let policy = report["policy"]
    #expect(policy.keys.isSuperset(of: ["accuracy", "mean_macs_fraction", "mean_ms", "exit_share"]))
    let shares = policy["exit_share"].items.compactMap(\.number)
    #expect(shares.count == 5 && abs(shares.reduce(0, +) - 1) < 1e-4)
  }

  @Test func measurement() throws {
    let report = try Program.pexrun.report([try Digits.made().base, "--bench=0.02", "--threads", "1"])
    let keys = ["load_ms", "first_ms", "peak_rss_mb", "rss_model_mb", "threads", "isa", "exits"]
    #expect(report.keys.isSuperset(of: keys))
    #expect(report["threads"].number == 1)
    #expect(report["exits"].items.map(\.["exit"].exit) == ["3", "6", "9", "10", "final"])
    for exit in report["exits"].items {
      let times = ["min_ms", "p50_ms", "p90_ms", "p99_ms"].compactMap { exit[$0].number }
      #expect(times.count == 4 && times == times.sorted() && times[0] > 0)
    }
  }

  @Test func profile() throws {
    let report = try Program.pexrun.report([try Digits.made().base, "--profile", "--exit", "3", Digits.picture])
    let steps = report["steps"].items
    #expect(!steps.isEmpty)
    for step in steps { #expect(step.keys.isSuperset(of: ["name", "op", "macs", "ms", "share"])) }
    #expect(abs(steps.compactMap { $0["share"].number }.reduce(0, +) - 1) < 1e-3)
    // What stands behind an exit is not run, so it cannot show up.
    let whole = try Program.pexrun.report([try Digits.made().base, "--profile", "--exit", "final", Digits.picture])
    #expect(whole["steps"].items.count > steps.count)
  }

  @Test func bundle() throws {
    let report = try Program.pexinfo.report([try Digits.made().base])
    #expect(report["kind"].string == "bundle")
    #expect(report["inputs"][0]["name"].string == "image")
    #expect(report["inputs"][0]["dtype"].string == "f32")
    #expect(report["inputs"][0]["layout"].string == "nchw")
    #expect(report["inputs"][0]["shape"].items.dropFirst().map(\.number) == [1, 32, 32])
    #expect(report["outputs"][0]["name"].string == "logits")
    #expect(report["exits"].items.map { $0["exit"].number } == [3, 6, 9, 10])
    #expect(report["trunk_digest"].string?.count == 64)
    #expect(report["labels"].items.map(\.string) == (0...9).map(String.init))
  }

  @Test func otherFiles() throws {
    #expect(try Program.pexinfo.report([try Digits.made().heads])["kind"].string == "heads")
    #expect(try Program.pexinfo.report([Digits.model])["kind"].string == "onnx")
    #expect(try Program.pexinfo.report(["--ops"])["operators"].items.contains { $0["operator"].string == "Conv" })
  }

  @Test func reportsOfChecksAreReports() throws {
    let made = try Digits.made()
    #expect(try Program.pexinfo.report([made.base, "--check"])["kind"].string == "bundle")
    #expect(try Program.pexinfo.report([made.heads, "--check"])["kind"].string == "heads")
  }

  @Test func jsonComesAlone() throws {
    let outcome = try Program.pexeval.succeed([
      try Digits.made().base, "--data", Digits.personTest, "--json",
    ])
    #expect(outcome.stdout.split(separator: "\n").count == 1)
    #expect(outcome.stderr.isEmpty)
  }
}
