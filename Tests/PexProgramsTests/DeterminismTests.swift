import Foundation
import Testing

/// The same files and samples give the same bytes, whatever else is asked for.
@Suite struct DeterminismTests {
  private static let count = 4
  private static let pixels = 32 * 32

  /// The final logits of samples, bit by bit.
  private func logits(_ bundle: String, _ numbers: [Float], _ more: [String] = []) throws -> [UInt32] {
    let folder = try Folder()
    let samples = numbers.count / Self.pixels
    try folder.write("x.npy", Arrays.npy([samples, 1, 32, 32], numbers))
    let arguments = [bundle, "--input", "image=x.npy", "--exit", "final", "--save-outputs", "out"]
    try Program.pexrun.succeed(arguments + more, in: folder)
    return Arrays.bits(try folder.read("out/logits.npy"), last: 10 * samples)
  }

  @Test func theFinalClassifierDependsOnTheSampleAlone() throws {
    let folder = try Folder()
    let plain = folder["none.pex"]
    try Program.pexconvert.succeed([Digits.model, "--exits", "none", "-o", plain, "--quiet"])
    let made = try Digits.made()
    let numbers = Arrays.noise(Self.count * Self.pixels, seed: 7)
    let batch = try logits(made.bundle, numbers)
    #expect(batch.count == 40)
    #expect(Set(batch).count > 30, "the samples' logits differ")

    for threads in ["1", "2"] {
      #expect(try logits(made.bundle, numbers, ["--threads", threads]) == batch)
      #expect(try logits(plain, numbers, ["--threads", threads]) == batch)
    }
    #expect(try logits(made.base, numbers) == batch)
    #expect(try logits(made.base, numbers, ["--heads", made.heads]) == batch)
    for sample in 0..<Self.count {
      let alone = Array(numbers[sample * Self.pixels..<(sample + 1) * Self.pixels])
      #expect(try logits(made.bundle, alone) == Array(batch[sample * 10..<(sample + 1) * 10]))
    }
  }

  @Test func theSameConversionTwiceGivesTheSameFile() throws {
    let folder = try Folder()
    for name in ["a.pex", "b.pex"] {
      try Program.pexconvert.succeed([Digits.model, "--exits", "3,6,9", "-o", name] + Digits.flags, in: folder)
    }
    let first = try folder.read("a.pex")
    #expect(try folder.read("b.pex") == first)
    #expect(try Digits.made().folder.read("digits.pex") == first)
  }

  @Test func theSameTrainingTwiceGivesTheSameHeads() throws {
    let folder = try Folder()
    let made = try Digits.made()
    for (name, more) in [("a", ["--threads", "1"]), ("b", ["--threads", "2"]), ("c", ["--seed", "1"])] {
      let arguments = [made.base, "--data", Digits.personTrain, "--force-heads", "-o", "\(name).pexhead"]
      try Program.pextrain.succeed(arguments + more, in: folder)
    }
    let expected = try made.folder.read("person.pexhead")
    #expect(try folder.read("a.pexhead") == expected)
    #expect(try folder.read("b.pexhead") == expected)
    #expect(try folder.read("c.pexhead") != expected, "another seed is another training")
  }

  @Test func trainingBaseHeadsTwiceGivesTheSameBundle() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let data = Digits.folder + "/general/train"
    try Program.pextrain.succeed([made.bundle, "--data", data, "--base", "-o", "a.pex", "--threads", "1"], in: folder)
    #expect(try folder.read("a.pex") == made.folder.read("base.pex"))
  }
}
