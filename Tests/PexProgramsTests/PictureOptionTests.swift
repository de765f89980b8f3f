import Foundation
import Testing

/// How pictures become inputs: what is said, what is guessed, and what is shown of it.
@Suite struct PictureOptionTests {
  /// What pexinfo shows of a digits bundle converted with some options, and what was said on the way.
  private func converted(
    _ options: [String], model: String = Digits.model
  ) throws -> (pictures: JSONValue, line: String, warnings: [String]) {
    let folder = try Folder()
    let outcome = try Program.pexconvert.succeed([model, "-o", folder["x.pex"], "--quiet"] + options)
    let lines = try Program.pexinfo.succeed([folder["x.pex"]]).stdout.split(separator: "\n").map(String.init)
    return (
      try Program.pexinfo.report([folder["x.pex"]])["pictures"], lines.first { $0.hasPrefix("pictures:") } ?? "",
      outcome.complaints
    )
  }

  @Test func meansBelowOneAndAHalfSpeakOfLevelsFromZeroToOne() throws {
    let (pictures, line, warnings) = try converted(["--mean", "0.5", "--std", "0.25"])
    #expect(abs(try #require(pictures["scale"].number) - 1 / 255) < 1e-8)
    #expect(pictures["mean"].items.map(\.number) == [0.5])
    #expect(warnings.count { $0.contains("scaled by 1/255") } == 1)
    #expect(line.contains("0.003921569") && line.contains("less 0.5") && line.contains("divided by 0.25"))
  }

  @Test(
    arguments: [
      (["--mean", "0.5", "--scale", "1"], 1), (["--mean", "127.5", "--std", "127.5"], 1),
      (["--mean", "0", "--std", "1"], 1),
      (["--std", "0.5", "--scale", "0.5"], 0.5), (["--mean", "0.5", "--std", "127.5"], 1),
    ] as [([String], Double)])
  func otherNumbersStay(_ options: [String], _ scale: Double) throws {
    let (pictures, _, warnings) = try converted(options)
    #expect(pictures["scale"].number == scale)
    #expect(warnings.isEmpty)
  }

  @Test func aModelOfOneChannelTakesOneNumber() throws {
    let outcome = try Program.pexconvert.run([Digits.model, "--dry-run", "--mean", "0.4,0.5,0.6"])
    #expect(outcome.status == 64)
    #expect(outcome.stderr.contains("3 means") && outcome.stderr.contains("hint:"))
    let folder = try Folder()
    try Program.pexconvert.succeed([Digits.model, "-o", folder["x.pex"], "--mean", "0.5", "--std", "0.5", "--quiet"])
    #expect(
      try Program.pexrun.report([folder["x.pex"], Digits.picture, "--exit", "final"])["results"].items.count == 1)
  }

  @Test func whatNobodySaidIsSaid() throws {
    let folder = try Folder()
    let said = try Program.pexconvert.succeed([Digits.model, "-o", folder["x.pex"], "--quiet"]).complaints
    #expect(said.count { $0.contains("pictures go in as 0…255") } == 1)
    let pictures = [Digits.picture, Digits.picture]
    let run = try Program.pexrun.succeed([folder["x.pex"], "--exit", "final"] + pictures)
    #expect(run.complaints.count { $0.contains("0…255") } == 1)
    let measured = try Program.pexeval.succeed([folder["x.pex"], "--data", Digits.personTest, "--exit", "final"])
    #expect(measured.complaints.count { $0.contains("0…255") } == 1)
    #expect(try Program.pexinfo.report([folder["x.pex"]])["pictures"]["recorded"].bool == false)

    try Program.pexconvert.succeed([Digits.model, "-o", folder["y.pex"], "--preprocess", "none", "--quiet"])
    let silent = try Program.pexrun.succeed([folder["y.pex"], "--exit", "final"] + pictures)
    #expect(silent.complaints.isEmpty)
    #expect(try Program.pexinfo.report([folder["y.pex"]])["pictures"]["recorded"].bool == true)
  }

  /// A bundle that is converted again keeps its resampling, and gets another one alone.
  @Test func resamplingIsStored() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [Digits.model, "-o", folder["x.pex"], "--preprocess", "unit", "--resample", "lanczos", "--quiet"])
    try Program.pexconvert.succeed([folder["x.pex"], "-o", folder["y.pex"], "--scale", "0.5", "--quiet"])
    try Program.pexconvert.succeed([folder["y.pex"], "-o", folder["z.pex"], "--resample", "nearest", "--quiet"])
    let shown = try ["x", "y", "z"].map { try Program.pexinfo.report([folder["\($0).pex"]])["pictures"] }
    #expect(shown.map { $0["resampling"].string } == ["lanczos", "lanczos", "nearest"])
    #expect(shown.map { $0["scale"].number }.dropFirst() == [0.5, 0.5])
    #expect(try Program.pexconvert.run([Digits.model, "--dry-run", "--resample", "area"]).status == 64)
  }

  @Test func kerasModelsResampleAsKerasDoes() throws {
    let (pictures, _, warnings) = try converted([], model: KerasFiles.sample)
    #expect(pictures["resampling"].string == "nearest")
    #expect(pictures["recorded"].bool == false)
    #expect(warnings.count { $0.contains("nearest") } == 1)
    let (told, _, silent) = try converted(
      ["--preprocess", "unit", "--resample", "bilinear-antialias"], model: KerasFiles.sample)
    #expect(told["resampling"].string == "bilinear-antialias")
    #expect(silent.isEmpty)
  }

  @Test func aSuggestionIsTheBestOfWhatWasTried() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [Digits.model, "-o", folder["x.pex"], "--preprocess", "none", "--channels", "gray", "--quiet"])
    let data = ["--data", Digits.personTest]
    let report = try Program.pexeval.report([folder["x.pex"], "--suggest-preprocessing"] + data)
    let found = report["candidates"].items
    #expect(found.count { $0["current"].bool == true } == 1)
    let accuracies = found.compactMap { $0["accuracy"].number }
    #expect(accuracies == accuracies.sorted(by: >))
    let suggestion = try #require(report["suggestion"].string)
    #expect(suggestion == found.first?["options"].string)
    // What was promised is what a bundle with these options gives.
    let options = suggestion.split(separator: " ").map(String.init)
    try Program.pexconvert.succeed([folder["x.pex"], "-o", folder["y.pex"], "--quiet"] + options)
    let images = try #require(report["images"].number)
    let measured = try Program.pexeval.report([folder["y.pex"], "--exit", "final"] + data)
    #expect(measured["images"].number == images)
    let final = try #require(measured["exits"].items.last { $0["exit"].string == "final" })
    #expect(abs(try #require(final["accuracy"].number) - (accuracies.first ?? 0)) < 1e-9)
  }

  @Test func aSuggestionSaysWhatItCannotUse() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([Digits.model, "-o", folder["x.pex"], "--quiet"] + Digits.flags)
    let suggest = [folder["x.pex"], "--suggest-preprocessing", "--data"]
    _ = try folder.copy(Digits.picture, to: "strangers/cat/0.png")
    let refused = try Program.pexeval.run(suggest + [folder["strangers"]])
    #expect(refused.status == 65 && refused.stderr.contains("none of 1 pictures") && refused.stderr.contains("hint: "))
    _ = try folder.copy(Digits.picture, to: "mixed/3/0.png")
    _ = try folder.copy(Digits.picture, to: "mixed/cat/0.png")
    try folder.write("mixed/3/broken.png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    let outcome = try Program.pexeval.run(suggest + [folder["mixed"], "--json"])
    #expect(outcome.status == 65)
    #expect(try JSONValue(outcome.output)["images"].number == 1)
    #expect(outcome.stderr.contains("1 of 3 pictures are of classes") && outcome.stderr.contains("broken.png"))
  }

  /// Files are read ahead on several threads; answers keep their order and are those of each file alone.
  @Test func answersKeepTheOrderOfFiles() throws {
    let base = try Digits.made().base
    let folder = Digits.personTest + "/3"
    let together = try Program.pexrun.report([base, folder, "--threads", "4"])["results"].items
    let files = together.compactMap { $0["input"].string }
    #expect(files == files.sorted() && files.count > 8)
    for result in together.prefix(5) {
      let alone = try Program.pexrun.report([base, try #require(result["input"].string), "--threads", "1"])["results"][
        0]
      #expect(alone["label"].string == result["label"].string)
      #expect(alone["probability"].number == result["probability"].number)
    }
  }
}
