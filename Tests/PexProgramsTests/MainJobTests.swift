import Foundation
import Testing

/// From a trained network to a personal one, as the README's first commands have it.
@Suite struct MainJobTests {
  private func measure(_ more: [String] = []) throws -> JSONValue {
    try Program.pexeval.report([try Digits.made().base, "--data", Digits.personTest] + more)
  }

  private func row(_ report: JSONValue, _ exit: String) -> JSONValue {
    report["exits"].items.first { $0["exit"].exit == exit } ?? .null
  }

  @Test func personalExitsBeatTheFullModelAtHalfItsCost() throws {
    let before = try measure()
    let after = try measure(["--heads", try Digits.made().heads])
    let full = try #require(row(before, "final")["accuracy"].number)
    #expect(row(before, "final")["macs_fraction"].number == 1)

    let exit = try #require(row(after, "3")["accuracy"].number)
    #expect(exit >= full + 0.15)
    #expect(try #require(row(after, "3")["macs_fraction"].number) <= 0.5)

    let policy = try #require(after["policy"]["accuracy"].number)
    #expect(policy >= full + 0.15)
    #expect(try #require(after["policy"]["mean_macs_fraction"].number) <= 0.5)
  }

  @Test func headsLeaveTheFinalClassifierAlone() throws {
    let before = try measure()
    let after = try measure(["--heads", try Digits.made().heads])
    #expect(row(before, "final")["accuracy"].number == row(after, "final")["accuracy"].number)
    #expect(row(before, "3")["accuracy"].number != row(after, "3")["accuracy"].number)
  }

  @Test func aFixedExitIsMeasuredAsThePolicy() throws {
    let report = try measure(["--exit", "6"])
    #expect(report["policy"]["accuracy"].number == row(report, "6")["accuracy"].number)
    #expect(report["policy"]["exit_share"].items.map(\.number) == [0, 1, 0, 0, 0])
  }

  @Test func aHeadFileIsSmall() throws {
    let made = try Digits.made()
    let bytes = try made.folder.read("person.pexhead").count
    #expect(made.training["head_bytes"].number == Double(bytes))
    #expect(bytes < 32 << 10)
  }

  @Test(arguments: Program.allCases) func everyProgramTellsItsVersion(_ program: Program) throws {
    let outcome = try program.succeed(["--version"])
    #expect(outcome.stdout.split(separator: ".").count == 3)
    #expect(outcome.stderr.isEmpty)
    #expect(try program.succeed(["--help"]).stdout.contains("USAGE: \(program.rawValue)"))
  }
}
