import Foundation
import PexTraining
import Testing

@Suite struct PairedDifferenceTests {
  /// Answers of which so many changed for the better and for the worse.
  private func difference(gained: Int, lost: Int, of count: Int) throws -> PairedDifference {
    let before = (0..<count).map { $0 >= gained }
    let after = (0..<count).map { $0 < gained || $0 >= gained + lost }
    return try #require(PairedDifference(before: before, after: after))
  }

  @Test func theFormulaOfBonettAndPrice() throws {
    let result = try difference(gained: 12, lost: 3, of: 100)
    #expect(result.count == 100 && abs(result.gain - 0.09) < 1e-12)
    #expect(abs(result.before - 0.88) < 1e-12 && abs(result.after - 0.97) < 1e-12)
    // By hand: shares 13/102 and 4/102, difference 9/102, variance (17/102 - (9/102)^2) / 102.
    let (middle, margin) = (9.0 / 102, 1.959964 * ((17.0 / 102 - 81.0 / 10404) / 102).squareRoot())
    #expect(abs(result.interval.lowerBound - (middle - margin)) < 1e-12)
    #expect(abs(result.interval.upperBound - (middle + margin)) < 1e-12)
    #expect(result.isGain)
  }

  @Test func nothingChangedIsNotSureToBeNothing() throws {
    let few = try difference(gained: 0, lost: 0, of: 10)
    #expect(few.interval.lowerBound < -0.1 && few.interval.upperBound > 0.1 && !few.isGain)
    let many = try difference(gained: 0, lost: 0, of: 10000)
    #expect(many.interval.upperBound < 0.001 && !many.isGain)
    #expect(try !difference(gained: 2, lost: 0, of: 10).isGain)
    #expect(try !difference(gained: 3, lost: 12, of: 100).isGain)
    #expect(PairedDifference(before: [], after: []) == nil)
    #expect(PairedDifference(before: [true], after: []) == nil)
  }

  /// Of all that 40 samples can show, weighed by how probable it is, the interval holds the truth in about 95 of 100 cases.
  @Test(arguments: [(0.1, 0.1), (0.3, 0.1), (0.05, 0.02), (0.25, 0.25)])
  func theIntervalHoldsWhatItPromises(_ gain: Double, _ loss: Double) throws {
    let count = 40
    var held = 0.0
    for gained in 0...count {
      for lost in 0...count - gained {
        let rest = count - gained - lost
        let counts = [gained, lost, rest].map(Double.init)
        var logarithm = Self.logFactorial(Double(count))
        for (seen, share) in zip(counts, [gain, loss, 1 - gain - loss]) {
          logarithm += seen * log(share) - Self.logFactorial(seen)
        }
        if try difference(gained: gained, lost: lost, of: count).interval.contains(gain - loss) {
          held += exp(logarithm)
        }
      }
    }
    #expect(held > 0.94)
    // Where hardly anything changes it is careful; elsewhere it must not be wide for nothing.
    if gain + loss >= 0.2 { #expect(held < 0.98) }
  }

  private static func logFactorial(_ number: Double) -> Double {
    stride(from: 1, through: number, by: 1).reduce(0) { $0 + log($1) }
  }
}
