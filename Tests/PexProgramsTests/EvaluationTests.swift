import Foundation
import Testing

/// What `pexeval` says beyond accuracy and cost.
@Suite struct EvaluationTests {
  private func measure(_ more: [String] = []) throws -> JSONValue {
    try Program.pexeval.report([try Digits.made().base, "--data", Digits.personTest] + more)
  }

  @Test func everyExitTellsItsCalibration() throws {
    let (base, personal) = (try measure(), try measure(["--heads", try Digits.made().heads]))
    for report in [base, personal] {
      for figures in report["exits"].items + [report["policy"]] {
        let error = try #require(figures["expected_calibration_error"].number)
        #expect((0...1).contains(error))
      }
    }
    // The network is sure of itself and mostly wrong about this person, whose own heads know better.
    func error(_ report: JSONValue) -> Double { report["policy"]["expected_calibration_error"].number ?? -1 }
    #expect(error(base) > 0.3 && error(personal) < 0.15)
  }

  @Test func theConfusionMatrixAddsUpToTheAccuracy() throws {
    let report = try measure(["--exit", "6"])
    let confusion = report["confusion"]
    #expect(confusion["classes"].items.map(\.string) == (0...9).map(String.init))
    #expect(confusion["cells"].isNull)
    let rows = confusion["matrix"].items.map { $0.items.compactMap(\.number) }
    #expect(rows.count == 10 && rows.allSatisfy { $0.count == 10 && $0.reduce(0, +) == 20 })
    let right = (0..<10).reduce(0) { $0 + rows[$1][$1] }
    #expect(abs(right / 200 - (report["policy"]["accuracy"].number ?? -1)) < 1e-6)
  }

  @Test func theMostConfusedPairsAreNamed() throws {
    let arguments = [try Digits.made().base, "--data", Digits.personTest, "--exit", "6"]
    let rows = try measure(["--exit", "6"])["confusion"]["matrix"].items.map { $0.items.compactMap(\.number) }
    let most = rows.enumerated().flatMap { row, counts in
      counts.enumerated().filter { $0.offset != row }.map(\.element)
    }.max()
    let lines = try Program.pexeval.succeed(arguments).stdout.split(separator: "\n").map(String.init)
    let header = try #require(lines.firstIndex { $0.hasPrefix("class") && $0.contains("policy answers") })
    let pairs = lines[(header + 2)..<(header + 7)].map { $0.split(separator: " ").compactMap { Double($0) } }
    #expect(pairs.allSatisfy { $0.count == 4 && $0[3] == 20 && $0[0] != $0[1] })
    #expect(pairs[0][2] == most && pairs.map { $0[2] } == pairs.map { $0[2] }.sorted(by: >))
    for pair in pairs { #expect(rows[Int(pair[0])][Int(pair[1])] == pair[2]) }
    #expect(lines.last == "200 samples")
  }
}
