import Foundation
import Testing

/// Classes that the model never heard of.
@Suite struct OwnClassTests {
  /// A folder with so many pictures of a class of one's own: strokes that are no digit.
  private func strokes(_ count: Int, in folder: Folder, _ name: String) throws {
    for index in 0..<count {
      let numbers = (0..<32 * 32).map { pixel -> Float in
        let (row, column) = (pixel / 32, pixel % 32)
        return (row + 3 * index) % 9 < 3 || (column + index) % 16 < 2 ? 0.9 : 0.05
      }
      _ = try folder.write("\(name)/grid/\(index).npy", Arrays.npy([1, 1, 32, 32], numbers))
    }
  }

  /// Everything that the model knows stays, and the new class is known besides, where the bundle says what ordinary pictures look
  /// like. Where it does not, this is said, and the new class gets less rather than the old ones.
  @Test(arguments: [true, false]) func allAndOwnForgetsNothing(isCalibrated: Bool) throws {
    let folder = try Folder()
    let general = Digits.folder + "/general/test"
    let base = isCalibrated ? "known.pex" : try Digits.made().base
    if isCalibrated {
      // Of those pictures that are not asked about below.
      for digit in 0..<10 {
        for index in 0..<15 {
          let name = String(format: "%d/%03d.png", digit, index)
          _ = try folder.copy("\(general)/\(name)", to: "half/\(name)")
        }
      }
      try Program.pexconvert.succeed([try Digits.made().base, "--calibrate", "half", "-o", base], in: folder)
    }
    try strokes(12, in: folder, "train")
    try strokes(20, in: folder, "test")
    let outcome = try Program.pextrain.succeed(
      [base, "--data", "train", "--classes", "all+own", "-o", "a.pexhead", "--quiet"], in: folder)
    #expect(outcome.stdout.contains("no early exit: all of the model's answers stay as they are"))
    #expect(
      !outcome.stdout.contains("too few") && outcome.stderr.contains("pictures of your own classes are answered right"))
    #expect(outcome.stderr.contains("pexconvert --calibrate") == !isCalibrated)
    func right(_ data: String, _ options: [String]) throws -> Double {
      let report = try Program.pexeval.report([base, "--data", data] + options, in: folder)
      return try #require(report["policy"]["accuracy"].number)
    }
    #expect(try right(general, ["--heads", "a.pexhead"]) >= right(general, ["--exit", "final"]) - 0.01)
    let own = try right("test", ["--heads", "a.pexhead"])
    #expect(isCalibrated ? own >= 0.9 : own > 0)
    // What a table calls training is what the written head answers: of just these pictures one is a copy, which counts once
    // there and is right, as the picture is that it is a copy of.
    let trained = try Program.pextrain.report(
      [base, "--data", "train", "--classes", "all+own", "-o", "b.pexhead"], in: folder)
    let share = try #require(trained["exits"].items.last?["train_accuracy"].number)
    let wrong = try (1 - right("train", ["--heads", "b.pexhead"])) * 12
    #expect(trained["copies"]["count"].number == 1 && abs((1 - share) * 11 - wrong) < 1e-4)
  }

  /// Nothing vouches for stopping early by heads that a few pictures of new classes taught: the last head answers alone.
  @Test(arguments: ["own", "known+own"]) func fewPicturesOfNewClassesOpenNoExit(classes: String) throws {
    let folder = try Folder()
    let base = try Digits.made().base
    // The model knows these digits, but nobody says that they are called so: easy pictures of new classes.
    let own = (0..<4).map { (name: "mine \($0)", digit: $0) }
    for (name, digit) in own + (classes == "own" ? [] : [(name: "7", digit: 7)]) {
      for index in 0..<6 {
        let source = String(format: "%@/general/test/%d/%03d.png", Digits.folder, digit, index)
        _ = try folder.copy(source, to: "train/\(name)/\(index).png")
      }
    }
    let options = [base, "--data", "train", "--classes", classes, "-o", "a.pexhead"]
    let report = try Program.pextrain.report(options, in: folder)
    #expect(report["classes"].items.count == (classes == "own" ? 4 : 5))
    let use = try Program.pexeval.report([base, "--heads", "a.pexhead", "--data", "train"], in: folder)["policy"]
    #expect(try #require(use["mean_macs_fraction"].number) > 0.99)
    #expect(try #require(use["accuracy"].number) == 1)
  }

  /// With one picture of each there is nothing to hold out, and no figure is made up of it.
  @Test func onePictureOfANewClassIsMeasuredByNothing() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    try strokes(1, in: folder, "one")
    try strokes(4, in: folder, "four")
    func said(_ data: String) throws -> String {
      try Program.pextrain.succeed(
        [base, "--data", data, "--classes", "all+own", "-o", "a.pexhead", "--quiet", "--force"], in: folder
      ).stderr
    }
    #expect(
      try said("one").contains("nothing says how often they are answered") && !said("one").contains("answered right"))
    #expect(try said("four").contains("of pictures of your own classes are answered right"))
  }

  /// Where every folder is called like a class of the model, there is none of one's own: nothing is learned without a word.
  @Test(arguments: ["own", "all+own"]) func withoutNewClassesNothingIsLearned(classes: String) throws {
    let folder = try Folder()
    let outcome = try Program.pextrain.run(
      [try Digits.made().base, "--data", Digits.personTrain, "--classes", classes, "-o", "a.pexhead"], in: folder)
    #expect(outcome.status == 65 && outcome.stderr.contains("no sample of a class of your own"))
    #expect(try folder.snapshot()["a.pexhead"] == nil)
  }

  /// What is asked for and cannot be given is said.
  @Test func targetsBesideAllClassesAreSaidToBeLeftOut() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    try strokes(4, in: folder, "train")
    let arguments = [base, "--data", "train", "-o", "a.pexhead", "--quiet", "--force"]
    for goal in [["--target-cost", "0.5"], ["--target-latency", "1ms"], ["--target-accuracy", "0.9"]] {
      let said = try Program.pextrain.succeed(arguments + ["--classes", "all+own"] + goal, in: folder).stderr
      #expect(said.contains("what is aimed at is not followed"), "\(goal)")
    }
    #expect(
      try !Program.pextrain.succeed(arguments + ["--classes", "all+own"], in: folder).stderr.contains("not followed"))
    // One class of one's own alone is nothing to tell apart; the hint says how it is added.
    let refused = try Program.pextrain.run(arguments, in: folder)
    #expect(refused.status == 65 && refused.stderr.contains("hint: ") && refused.stderr.contains("--classes all+own"))
  }
}
