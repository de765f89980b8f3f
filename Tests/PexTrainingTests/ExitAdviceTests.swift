import PexTraining
import Testing

@Suite struct ExitAdviceTests {
  private func advice(_ points: [(Double, Double)], guessing: Double = 0.1) -> [Int] {
    ExitAdvice.worthwhile(points.map { ExitAdvice.Point(cost: $0.0, accuracy: $0.1) }, guessing: guessing)
  }

  @Test func everyExitWithFallingGainsIsWorthIt() {
    #expect(advice([(0.1, 0.4), (0.3, 0.6), (0.6, 0.7), (1, 0.75)]) == [0, 1, 2, 3])
  }

  @Test func anExitBeneathTheLineOfItsNeighboursIsNot() {
    #expect(advice([(0.2, 0.5), (0.6, 0.55), (1, 0.9)]) == [0, 2])
    #expect(advice([(0.2, 0.11), (0.4, 0.12), (0.6, 0.9), (1, 0.91)]) == [2, 3])
  }

  @Test func whatGuessesNoBetterOrFallsBackIsNot() {
    #expect(advice([(0.2, 0.1), (0.5, 0.6), (0.7, 0.6), (0.9, 0.5), (1, 0.7)]) == [1, 4])
    #expect(advice([(0.5, 0.1)]).isEmpty)
    #expect(advice([]).isEmpty)
  }

  @Test func equalCostsTakeTheBetter() {
    #expect(advice([(0.5, 0.4), (0.5, 0.6)]) == [1])
  }
}
