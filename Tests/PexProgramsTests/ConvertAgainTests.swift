import Foundation
import Testing

/// A bundle that is converted again keeps what still fits, says what does not, and goes on fitting people's heads.
@Suite struct ConvertAgainTests {
  private static let shipped = Digits.root + "/SampleModels/cifar100/resnet20.pex"

  /// What a conversion said and made.
  private struct Again {
    let said: String
    let info: JSONValue

    /// The exits with whether their heads are trained.
    var trained: [String: Bool] {
      Dictionary(info["exits"].items.map { ($0["exit"].exit ?? "", $0["trained"].bool ?? false) }) { first, _ in first }
    }
    var statistics: [Double] { info["statistics"].items.compactMap { $0["exit"].number } }
    var digests: [String?] { info["exit_points"].items.prefix(10).map { $0["prefix_digest"].string } }
    var hasPolicy: Bool { !info["policy"].isNull }
  }

  private func convert(_ bundle: String, _ options: [String], to name: String = "again.pex", in folder: Folder) throws
    -> Again
  {
    let said = try Program.pexconvert.succeed([bundle, "-o", name, "--force", "--quiet"] + options, in: folder).stderr
    try Program.pexinfo.succeed([name, "--check"], in: folder)
    return Again(said: said, info: try Program.pexinfo.report([name], in: folder))
  }

  /// What ordinary pictures look like is the model's, whatever exits it has; other pictures are others.
  @Test func whatOrdinaryPicturesLookLikeStays() throws {
    let folder = try Folder()
    let calibrate = ["--calibrate", Digits.folder + "/general/test"]
    #expect(try Program.pexinfo.report([try Digits.made().base])["reference"].isNull)
    let known = try convert(try Digits.made().base, calibrate, to: "known.pex", in: folder)
    #expect(known.info["reference"]["exit"].number == 10)
    #expect(try Program.pexinfo.succeed(["known.pex"], in: folder).stdout.contains("ordinary pictures"))
    let other = try convert("known.pex", ["--exits", "6"], in: folder)
    #expect(!other.said.contains("ordinary pictures"))
    let camera = ["--unlabelled", Digits.folder + "/general/test", "-o", "a.pexhead", "--force"]
    let said = try Program.pextrain.succeed(["again.pex"] + camera, in: folder).stderr
    #expect(!said.contains("pexconvert --calibrate"))
    let darker = try convert("known.pex", ["--scale", "0.002"], in: folder)
    #expect(darker.said.contains("ordinary pictures"))
  }

  @Test func theShippedBundleTakesEveryChoiceOfExits() throws {
    let folder = try Folder()
    let whole = try convert(Self.shipped, [], to: "same.pex", in: folder)
    #expect(try folder.read("same.pex") == Data(contentsOf: URL(fileURLWithPath: Self.shipped)))
    #expect(whole.said.isEmpty)
    let all = [1, 2, 3, 4, 6, 8, 10]
    for (spec, exits, kept) in [
      ("none", [], []), ("auto:2", [4, 7, 10], []), ("10", [10], []), ("1,2,3", [1, 2, 3, 10], [1, 2, 3]),
      ("1,3", [1, 3, 10], [1]), ("1,2,3,4,5,6,7,8,9,10", Array(1...10), all),
      ("/blocks/blocks.3/Relu_output_0,/Relu_output_0", [1, 10, 11], [1]),
    ] as [(String, [Int], [Int])] {
      let again = try convert(Self.shipped, ["--exits", spec], in: folder)
      #expect(again.trained == Dictionary(uniqueKeysWithValues: exits.map { ("\($0)", kept.contains($0)) }), "\(spec)")
      #expect(again.digests == whole.digests, "\(spec)")
      #expect(again.hasPolicy == (kept == all), "\(spec)")
      #expect(again.said.isEmpty == (kept == all), "\(spec)")
      // Where another branch will be trained, nothing is known of what it gives.
      let open = exits.filter { all.contains($0) && !kept.contains($0) }
      #expect(again.statistics == all.filter { !open.contains($0) }.map(Double.init), "\(spec)")
    }
    let said = try convert(Self.shipped, ["--exits", "1,3"], in: folder).said
    #expect(said.contains("exits 2, 4, 6, 8 (no exit stands there now)"), "\(said)")
    #expect(said.contains("exit 3 (reads the branch of exit 2, whose head does not stay)"), "\(said)")
    #expect(
      said.contains("exit 10 (reads the branch of exit 8, whose head does not stay)") && said.contains("the policy"))
    #expect(
      said.contains("those of exits 3, 10 are dropped") && said.contains("those of exits 2, 4, 6, 8 speak of the tap"))
  }

  @Test func whatStaysAnswersAsBefore() throws {
    let folder = try Folder()
    let picture = try folder.write("x.npy", Arrays.npy([1, 3, 32, 32], Arrays.noise(3 * 32 * 32, seed: 5)))
    _ = try convert(Self.shipped, ["--exits", "1,2,3,5"], in: folder)
    func outputs(_ bundle: String) throws -> [Data] {
      try Program.pexrun.succeed(
        [bundle, "--input", "image=\(picture)", "--exit", "all", "--save-outputs", "o-\(bundle.count)"], in: folder)
      return try [1, 2, 3].map { exit in
        let list = try JSONValue(try folder.read("o-\(bundle.count)/outputs.json"))
        let file = try #require(list["outputs"].items.first { $0["exit"].number == Double(exit) }?["file"].string)
        return try folder.read("o-\(bundle.count)/\(file)")
      }
    }
    #expect(try outputs("again.pex") == outputs(Self.shipped))
  }

  /// Of ten classes and thirty pictures, for heads that need not be good.
  private func pictures(in folder: Folder) throws -> String {
    let count = 30
    let x = Arrays.npy([count, 3, 32, 32], Arrays.noise(count * 3 * 32 * 32, seed: 8))
    let y = Arrays.npy([count], integers: (0..<count).map { Int64($0 % 3) })
    return try folder.write("data.npz", Arrays.npz([("x.npy", x), ("y.npy", y)]))
  }

  @Test func aPersonsHeadsFitAsLongAsWhatTheyReadIsThere() throws {
    let folder = try Folder()
    let data = try pictures(in: folder)
    func train(_ name: String, _ exits: String, _ kind: String) throws {
      try Program.pextrain.succeed(
        [Self.shipped, "--data", data, "--exits", exits, "--head", kind, "--epochs", "2", "-o", name, "--quiet"],
        in: folder)
    }
    try train("linear.pexhead", "3,7", "linear")
    try train("multitap.pexhead", "2,6", "multitap")
    func info(_ heads: String, on bundle: String) throws -> Program.Outcome {
      try Program.pexrun.run([bundle, "--heads", heads, "--bench", "0.01", "--json"], in: folder)
    }
    for spec in ["none", "10", "auto:3", "1,2,3"] {
      _ = try convert(Self.shipped, ["--exits", spec], in: folder)
      // A tap alone is there wherever exits stand.
      #expect(try info("linear.pexhead", on: "again.pex").status == 0, "\(spec)")
      #expect(try info("multitap.pexhead", on: "again.pex").status == 0, "\(spec)")
    }
  }

  @Test func aHeadThatReadsTapsAloneStaysWithoutTheirExits() throws {
    let folder = try Folder()
    let data = Digits.folder + "/general/train"
    try Program.pexconvert.succeed(
      [Digits.model, "--exits", "3,6,9", "--head", "multitap", "-o", "a.pex"] + Digits.flags, in: folder)
    try Program.pextrain.succeed(["a.pex", "--data", data, "--base", "-o", "base.pex", "--quiet"], in: folder)
    let again = try convert("base.pex", ["--exits", "9"], in: folder)
    #expect(again.trained == ["9": true, "10": true] && again.statistics == [3, 6, 9, 10])
    #expect(again.said.contains("exits 3, 6 (no exit stands there now)"))
    let text = try Program.pexinfo.succeed(["again.pex"], in: folder).stdout
    #expect(text.contains("exit 10: multitap (also reads exits 3, 6, 9)"), "\(text)")
    // What is placed anew reads what stands there now.
    let more = try convert("again.pex", ["--exits", "6,9", "--head", "6=multitap"], in: folder)
    #expect(more.trained == ["6": false, "9": true, "10": true])
    #expect(
      try Program.pexinfo.succeed(["again.pex"], in: folder).stdout.contains("exit 6: multitap, 10 classes, untrained"))
  }

  @Test func weightsOfAnotherStorageAreAnotherTrunk() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let half = try convert(base, ["--weights", "f16"], to: "half.pex", in: folder)
    #expect(half.trained.values.allSatisfy { !$0 } && half.trained.count == 4 && half.statistics.isEmpty)
    #expect(half.said.contains("exits 3, 6, 9, 10 (trained on weights that were stored otherwise)"))
    // As they are, or the same again.
    for options in [[], ["--weights", "f16"]] {
      #expect(try convert("half.pex", options, in: folder).said.isEmpty)
      #expect(try folder.read("again.pex") == folder.read("half.pex"))
    }
    try Program.pexconvert.refuses(
      ["half.pex", "--weights", "f32", "-o", "x.pex"], status: 64, saying: ["f16", "hint: convert the model"],
      in: folder)
    // Trained there, they stay there.
    let arguments = ["half.pex", "--data", Digits.folder + "/general/train", "--base", "--quiet", "-o", "trained.pex"]
    try Program.pextrain.succeed(arguments, in: folder)
    #expect(try convert("trained.pex", ["--exits", "6"], in: folder).trained == ["6": true, "10": true])
  }

  @Test func kindsOfHeadsChangeWhereTheyAreAskedFor() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let one = try convert(base, ["--head", "6=conv"], in: folder)
    #expect(one.trained == ["3": true, "6": false, "9": true, "10": true])
    #expect(one.info["exits"].items.map { $0["head"].string ?? $0["kind"].string }.contains("conv"))
    #expect(one.said.contains("exit 6 (--head asks for conv)"))
    let all = try convert(base, ["--head", "multitap"], in: folder)
    #expect(all.trained.values.allSatisfy { !$0 })
    #expect(try convert(base, ["--head", "linear"], in: folder).said.isEmpty, "they are linear")
    try Program.pexconvert.refuses(
      [base, "--head", "5=conv", "-o", "x.pex"], status: 64, saying: ["exit 5", "3, 6, 9, 10"], in: folder)
    try Program.pexconvert.refuses(
      [base, "--exits", "none", "--head", "5=conv", "-o", "x.pex"], status: 64, saying: ["no exit is placed"],
      in: folder)
  }

  @Test func optionsOfPicturesChangeTheirPartAlone() throws {
    let folder = try Folder()
    let resized = try convert(Self.shipped, ["--resize", "36", "--crop", "32"], in: folder)
    #expect(resized.trained.values.allSatisfy { !$0 } && resized.statistics.isEmpty)
    #expect(resized.said.contains("trained on pictures that became inputs otherwise"))
    let text = try Program.pexinfo.succeed(["again.pex"], in: folder).stdout
    #expect(text.contains("less 0.5071,0.4865,0.4409"), "\(text)")
    // What is said already changes nothing.
    let same = ["--preprocess", "unit", "--mean", "0.5071,0.4865,0.4409", "--std", "0.2673,0.2564,0.2762"]
    #expect(try convert(Self.shipped, same, in: folder).said.isEmpty)
    try Program.pexconvert.refuses(
      [Self.shipped, "--channels", "gray", "-o", "x.pex"], status: 64, saying: ["gray", "3 means", "hint: "], in: folder
    )
  }

  @Test func labelsAndOutputsDoWhatTheySay() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let names = (0..<10).map { "digit \($0)" }
    try folder.write("names.txt", Data(names.joined(separator: "\n").utf8))
    let named = try convert(base, ["--labels", "names.txt"], in: folder)
    #expect(named.said.isEmpty && named.info["labels"].items.map(\.string) == names)
    let none = try convert(base, ["--output-kind", "none"], in: folder)
    #expect(none.info["outputs"].items.map { $0["kind"].string } == ["none"])
    #expect(none.trained.values.allSatisfy { $0 })
    #expect(try convert("again.pex", ["--output-kind", "logits"], to: "back.pex", in: folder).said.isEmpty)
    #expect(try folder.read("back.pex") == Data(contentsOf: URL(fileURLWithPath: base)))
    for (options, words) in [
      (["--output-kind", "probabilities"], ["softmax", "hint: "]), (["--output", "nope"], ["nope", "hint: "]),
      (["--input", "image:1x1x64x64"], ["--input", "hint: "]), (["--architecture", "x.json"], ["--architecture"]),
      (["--labels", Digits.root + "/SampleModels/cifar100/labels.txt"], ["expected 10", "found 100", "hint: "]),
    ] {
      try Program.pexconvert.refuses([base, "-o", "x.pex"] + options, status: 64, saying: words, in: folder)
    }
  }

  @Test func packedWeightsAreNotLostSilently() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    _ = try convert(base, ["--pack"], to: "packed.pex", in: folder)
    #expect(try convert("packed.pex", [], in: folder).said.contains("--pack stores them again"))
    #expect(try folder.read("again.pex") == Data(contentsOf: URL(fileURLWithPath: base)))
    #expect(try convert("packed.pex", ["--pack"], in: folder).said.isEmpty)
    #expect(try folder.read("again.pex") == folder.read("packed.pex"))
  }
}
