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
