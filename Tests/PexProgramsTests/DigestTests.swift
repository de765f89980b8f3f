import Foundation
import Testing

/// The trunk is frozen, and a head fits its trunk or is refused.
@Suite struct DigestTests {
  private func prefixes(_ bundle: String) throws -> [String] {
    try Program.pexinfo.report([bundle])["exit_points"].items.compactMap { $0["prefix_digest"].string }
  }

  private func convert(_ model: String, _ arguments: [String], in folder: Folder) throws -> String {
    let path = folder["\(UUID().uuidString).pex"]
    try Program.pexconvert.succeed([model, "-o", path, "--quiet"] + arguments)
    return path
  }

  /// The digits model with one bit of a weight in the middle of the network changed.
  private func patched(in folder: Folder) throws -> String {
    let path = try folder.copy(Digits.model, to: "other.onnx")
    var bytes = try folder.read("other.onnx")
    bytes[bytes.count / 2] ^= 1
    try folder.write("other.onnx", bytes)
    return path
  }

  @Test func trainingLeavesTheTrunkAlone() throws {
    let made = try Digits.made()
    let untrained = try Program.pexinfo.report([made.bundle])
    let trained = try Program.pexinfo.report([made.base])
    #expect(untrained["exits"][0]["trained"].bool == false && trained["exits"][0]["trained"].bool == true)
    let digest = try #require(untrained["trunk_digest"].string)
    #expect(trained["trunk_digest"].string == digest)
    // Not only the digest that is stored: the check computes it from the bytes.
    try Program.pexinfo.succeed([made.base, "--check"])
    #expect(try prefixes(made.base) == prefixes(made.bundle))
  }

  @Test func theTrunksBytesAreTheSameAfterTraining() throws {
    let made = try Digits.made()
    let untrained = try made.folder.read("digits.pex")
    let trained = try made.folder.read("base.pex")
    let tensors = try section(.trunkTensors, of: untrained)
    #expect(tensors.count > 239_000 * 4)
    #expect(try section(.trunkTensors, of: trained) == tensors)
    #expect(try section(.trunk, of: trained) == section(.trunk, of: untrained))
    #expect(untrained != trained)
  }

  @Test func personalTrainingDoesNotTouchTheBundle() throws {
    let folder = try Folder()
    let bundle = try folder.copy(try Digits.made().base, to: "base.pex")
    let before = try folder.snapshot()
    let arguments = ["--data", Digits.personTrain, "-o", "a.pexhead", "--epochs", "2"]
    try Program.pextrain.succeed([bundle] + arguments, in: folder)
    #expect(try folder.snapshot().count == 2)
    #expect(try folder.read("base.pex") == before["base.pex"])
  }

  @Test(arguments: [["--exits", "2,7"], ["--exits", "none"], ["--head", "conv"], ["--preprocess", "tf"]])
  func convertingAgainKeepsEveryPrefix(_ arguments: [String]) throws {
    let folder = try Folder()
    let expected = try prefixes(try Digits.made().bundle)
    #expect(Set(expected).count == 10)
    #expect(try prefixes(try convert(Digits.model, arguments, in: folder)) == expected)
  }

  @Test func otherLabelsKeepEveryPrefix() throws {
    let folder = try Folder()
    let words = "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
    let labels = try folder.write("words.txt", Data(words.utf8))
    let bundle = try convert(Digits.model, ["--labels", labels], in: folder)
    #expect(try prefixes(bundle) == prefixes(try Digits.made().bundle))
  }

  @Test func renamedNodesKeepEveryPrefix() throws {
    let folder = try Folder()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Digits.model))
    // Names of the same length, so that no length in the file changes.
    while let place = bytes.range(of: Data("blocks".utf8)) { bytes.replaceSubrange(place, with: Data("floors".utf8)) }
    let path = try folder.write("renamed.onnx", bytes)
    let bundle = try convert(path, [], in: folder)
    let values = try Program.pexinfo.report([bundle])["exit_points"].items.compactMap { $0["value"].string }
    #expect(values[3] == "/floors.2/Relu_1_output_0")
    #expect(try prefixes(bundle) == prefixes(try Digits.made().bundle))
  }

  @Test func headsFitAnotherConversionOfTheSameModel() throws {
    let made = try Digits.made()
    let folder = try Folder()
    let other = try convert(Digits.model, ["--exits", "2"] + Digits.flags, in: folder)
    func answers(_ bundle: String) throws -> [JSONValue] {
      let arguments = [bundle, "--heads", made.heads, "--exit", "6", Digits.personTest + "/3"]
      return try Program.pexrun.report(arguments)["results"].items
    }
    let expected = try answers(made.base)
    #expect(expected.count == 20)
    #expect(try answers(other).map { $0["probability"].number } == expected.map { $0["probability"].number })
  }

  @Test func headsAreRefusedByOtherWeights() throws {
    let made = try Digits.made()
    let folder = try Folder()
    let other = try convert(try patched(in: folder), ["--exits", "3,6,9"] + Digits.flags, in: folder)
    let (mine, theirs) = (try prefixes(made.bundle), try prefixes(other))
    // What comes before the change is the same trunk still; the file is refused as a whole all the same.
    #expect(mine.first == theirs.first && mine.last != theirs.last)
    for program in [Program.pexrun, .pexeval] {
      let data = program == .pexeval ? ["--data"] : []
      try program.refuses(
        [other, "--heads", made.heads] + data + [Digits.personTest], status: 77, saying: ["person.pexhead"], in: folder)
    }
    let from = ["--data", Digits.personTrain, "--from", made.heads, "-o", "x.pexhead"]
    try Program.pextrain.refuses([other] + from, status: 77, saying: ["person.pexhead"], in: folder)
  }

  @Test func halfPrecisionIsAnotherTrunkAndTheRefusalSaysSo() throws {
    let made = try Digits.made()
    let folder = try Folder()
    let half = try convert(Digits.model, ["--exits", "3,6,9", "--weights", "f16"] + Digits.flags, in: folder)
    let digest = try #require(try Program.pexinfo.report([half])["trunk_digest"].string)
    #expect(try Program.pexinfo.report([made.base])["trunk_digest"].string != digest)
    let arguments = [half, "--heads", made.heads, Digits.picture]
    try Program.pexrun.refuses(arguments, status: 77, saying: ["f32", "f16"], in: folder)
  }

  @Test func headsAreRefusedByOtherPreprocessing() throws {
    let made = try Digits.made()
    let folder = try Folder()
    let flags = ["--labels", Digits.labels, "--preprocess", "tf", "--channels", "gray"]
    let other = try convert(Digits.model, ["--exits", "3,6,9"] + flags, in: folder)
    let arguments = [other, "--heads", made.heads, Digits.picture]
    try Program.pexrun.refuses(arguments, status: 77, saying: ["preprocess"], in: folder)
  }
}
