import Foundation
import Testing

/// A picture is one picture however many files hold it: what training promises does not grow with copies.
@Suite struct CopyTests {
  /// Three pictures of every digit, each so many times.
  private func photos(_ copies: Int, in folder: Folder) throws -> String {
    for digit in 0..<10 {
      let source = "\(Digits.personTrain)/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source).sorted().prefix(3) {
        for copy in 0..<copies {
          let suffix = copy == 0 ? "" : "_copy\(copy)"
          _ = try folder.copy(
            "\(source)/\(name)", to: "\(copies)/\(digit)/\((name as NSString).deletingPathExtension)\(suffix).png")
        }
      }
    }
    return "\(copies)"
  }

  @Test func whatIsAnnouncedIsThatOfOneCopy() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    func train(_ copies: Int) throws -> (report: JSONValue, heads: Data) {
      let arguments = [base, "--data", try photos(copies, in: folder), "-o", "a.pexhead", "--force"]
      return (try Program.pextrain.report(arguments, in: folder), try folder.read("a.pexhead"))
    }
    let one = try train(1)
    #expect(one.report["copies"]["count"].number == 0)
    let claim = try #require(one.report["policy_expected"]["accuracy"].number)
    #expect(claim < 0.75, "the heads are right on 6 to 7 of 10 new pictures")
    for copies in [2, 5, 10] {
      let many = try train(copies)
      #expect(many.report["policy_expected"]["accuracy"].number == claim)
      #expect(many.report["held_out"]["samples"].number == 30 && many.report["images"].number == 30)
      #expect(many.report["copies"]["count"].number == Double(30 * (copies - 1)))
      #expect(many.report["copies"]["pictures"].number == 30)
      #expect(many.heads == one.heads)
    }
    let outcome = try Program.pextrain.succeed([base, "--data", "5", "-o", "b.pexhead", "--quiet"], in: folder)
    let said = outcome.complaints.filter { $0.contains("120 copies of 30 pictures count once: 5/0/") }
    #expect(said.count == 1, "\(outcome.stderr)")

    let refused = try Program.pextrain.run(
      [base, "--data", "10", "--risk", "0.1", "-o", "c.pexhead"], in: folder)
    #expect(refused.status == 65 && refused.stderr.contains("of 30 held-out samples"), "\(refused.stderr)")
    #expect(!FileManager.default.fileExists(atPath: folder["c.pexhead"]))
  }

  @Test func aPictureInTwoClassesIsNamedAndLeftOut() throws {
    let folder = try Folder()
    let data = try photos(2, in: folder)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder["2/3"]).first { !$0.contains("copy") })
    _ = try folder.copy(folder["2/3/\(name)"], to: "2/4/mine.png")
    let outcome = try Program.pextrain.succeed(
      [try Digits.made().base, "--data", data, "-o", "a.pexhead", "--json"], in: folder)
    #expect(outcome.stderr.contains("3 copies with contradicting labels are left out: 2/3/"), "\(outcome.stderr)")
    #expect(
      outcome.stderr.contains("2/4/mine.png are one picture") || outcome.stderr.contains("_copy1.png are one picture"))
    let report = try JSONValue(outcome.output)
    #expect(report["copies"]["contradicting"].number == 3 && report["images"].number == 29)
  }

  /// A copy of a picture that lies in two classes is of no class either, and those that are named contradict each other.
  @Test func nearCopiesOfAPictureInTwoClassesGoWithIt() throws {
    let folder = try Folder()
    func wave(_ index: Int, light: Float = 1, to name: String) throws {
      let numbers = (0..<32 * 32).map { pixel -> Float in
        let (row, column, step) = (Float(pixel / 32), Float(pixel % 32), Float(index + 1))
        return light * (0.5 + 0.2 * cos(row * step / 9 + step) + 0.2 * cos(column * Float(index * 5 % 7) / 9))
      }
      try folder.write("waves/\(name).npy", Arrays.npy([1, 1, 32, 32], numbers))
    }
    for index in 0..<16 { try wave(index, to: "\(index < 8 ? "3" : "4")/\(index)") }
    func train() throws -> (report: JSONValue, said: String) {
      let outcome = try Program.pextrain.succeed(
        [try Digits.made().base, "--data", "waves", "-o", "a.pexhead", "--json", "--force"], in: folder)
      return (try JSONValue(outcome.output), outcome.stderr)
    }
    try wave(1, light: 1.01, to: "3/copy")
    let before = try train()
    #expect(before.report["copies"]["count"].number == 1 && before.report["images"].number == 16, "\(before.said)")
    try wave(1, to: "4/mine")
    let after = try train()
    #expect(after.report["copies"]["contradicting"].number == 3 && after.report["images"].number == 15)
    #expect(after.said.contains("waves/3/1.npy and waves/4/mine.npy are one picture"), "\(after.said)")
  }

  @Test func unlabelledCopiesOfLabelledPicturesAddNothing() throws {
    let folder = try Folder()
    let (base, data) = (try Digits.made().base, try photos(1, in: folder))
    try Program.pextrain.succeed([base, "--data", data, "-o", "a.pexhead"], in: folder)
    try FileManager.default.createDirectory(atPath: folder["camera"], withIntermediateDirectories: true)
    for digit in 0..<10 {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder["1/\(digit)"]) {
        _ = try folder.copy(folder["1/\(digit)/\(name)"], to: "camera/\(digit)\(name)")
      }
    }
    try Program.pextrain.succeed(
      [base, "--data", data, "--unlabelled", "camera", "-o", "b.pexhead"], in: folder)
    #expect(try folder.read("a.pexhead") == folder.read("b.pexhead"))
  }
}
