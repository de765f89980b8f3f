import Foundation
import Testing

/// What `pextrain` says of the work ahead.
@Suite struct EstimateTests {
  /// What is said beside warnings.
  private func train(_ more: [String] = []) throws -> [String] {
    let folder = try Folder()
    let outcome = try Program.pextrain.succeed(
      [try Digits.made().base, "--data", Digits.personTrain, "--epochs", "1", "-o", "x.pexhead"] + more, in: folder)
    return outcome.complaints.filter { !$0.hasPrefix("pextrain: warning: ") }
  }

  @Test func imagesTimeAndMemoryAreEstimated() throws {
    let lines = try train()
    #expect(lines.count == 1)
    // Averages and maxima of 16, 32, 56 and 56 channels the classifier's 10 logits, and 8 by 8 averages of the picture, four bytes each.
    let bytes = 160 * 4 * (2 * (16 + 32 + 56 + 56) + 10 + 64)
    let line = try #require(lines.first)
    #expect(line.hasPrefix("160 images: about ") && line.contains("measured on the first "))
    #expect(line.hasSuffix("which take \(String(format: "%.1f", Double(bytes) / 1024)) KiB of memory"))
  }

  @Test func convolutionsKeepWholeTaps() throws {
    let line = try #require(try train(["--head", "conv", "--exits", "3"]).first)
    let bytes = 160 * 4 * (16 * 16 * 16 + 10 + 64)
    #expect(line.hasSuffix("which take \(String(format: "%.1f", Double(bytes) / Double(1 << 20))) MiB of memory"))
  }

  @Test(arguments: ["--quiet", "--json"]) func nothingIsSaidWhereOnlyResultsAreWanted(_ option: String) throws {
    #expect(try train([option]).isEmpty)
  }
}
