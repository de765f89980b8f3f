import Foundation
import Testing

/// Heads trained on pictures that nobody labelled.
@Suite struct UnlabelledTests {
  /// What the trunk was trained on, as a camera would leave it: one folder, no classes, some digits only.
  private func camera(_ digits: [Int], in folder: Folder) throws {
    for digit in digits {
      let source = "\(Digits.folder)/general/train/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source) {
        _ = try folder.copy("\(source)/\(name)", to: "camera/\(digit)-\(name)")
      }
    }
  }

  @Test func theClassesOfAPersonAreFoundAndAgreedOn() throws {
    let folder = try Folder()
    try camera([1, 4, 7], in: folder)
    let base = try Digits.made().base
    let report = try Program.pextrain.report([base, "--unlabelled", "camera", "-o", "a.pexhead"], in: folder)
    #expect(report["supervision"].string == "distil" && report["figures"].string == "agreement")
    #expect(report["labelled"].number == 0)
    #expect(report["classes"].items.map(\.string) == ["1", "4", "7"])
    let prior = report["prior"].items.compactMap(\.number)
    #expect(prior.count == 3 && prior.allSatisfy { abs($0 - 1.0 / 3) < 0.05 })
    for exit in report["exits"].items { #expect(exit["validation_accuracy"].number ?? 0 > 0.9) }

    let info = try Program.pexinfo.report(["a.pexhead"], in: folder)
    #expect(info["prior"].items.compactMap(\.number) == prior)
    // Labels are looked at for measuring alone.
    for digit in [1, 4, 7] {
      let source = "\(Digits.folder)/general/test/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source) {
        _ = try folder.copy("\(source)/\(name)", to: "test/\(digit)/\(name)")
      }
    }
    let measured = try Program.pexeval.report([base, "--heads", "a.pexhead", "--data", "test"], in: folder)
    #expect(try #require(measured["policy"]["accuracy"].number) > 0.9)
    #expect(try #require(measured["policy"]["mean_macs_fraction"].number) < 1)
  }

  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    let folder = try Folder()
    try camera([2, 3], in: folder)
    let files = try [("distil", "1"), ("distil", "2"), ("pseudo", "2"), ("mixed", "2")].map { supervision, threads in
      try Program.pextrain.succeed(
        [
          try Digits.made().base, "--unlabelled", "camera", "--data", Digits.personTrain, "--classes", "all",
          "--supervision", supervision, "--threads", threads, "--force", "-o", "a.pexhead",
        ], in: folder)
      return try folder.read("a.pexhead")
    }
    #expect(files[0] == files[1])
    #expect(Set(files).count == 3)
  }

  @Test func whatCannotBeLearnedFrom() throws {
    let folder = try Folder()
    try camera([2, 3], in: folder)
    let base = try Digits.made().base
    let output = ["-o", "a.pexhead"]
    try Program.pextrain.refuses([base] + output, status: 64, saying: ["--data", "--unlabelled"], in: folder)
    try Program.pextrain.refuses(
      [base, "--unlabelled", "camera", "--supervision", "labels"] + output, status: 65, saying: ["label"], in: folder)
    try Program.pexconvert.succeed(
      [
        Digits.model, "--output-kind", "none", "--exits", "3", "-o", "none.pex", "--preprocess", "unit", "--channels",
        "gray",
      ],
      in: folder)
    try Program.pextrain.refuses(
      ["none.pex", "--unlabelled", "camera"] + output, status: 65, saying: ["classifier", "--data"], in: folder)
    for option in [["--mix", "2"], ["--temperature", "0"], ["--supervision", "foo"]] {
      try Program.pextrain.refuses([base, "--unlabelled", "camera"] + output + option, status: 64, in: folder)
    }
  }
}
