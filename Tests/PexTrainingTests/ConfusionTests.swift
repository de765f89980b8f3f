import PexTraining
import Testing

@Suite struct ConfusionTests {
  private func matrix(_ truths: [Int], _ answers: [Int]) throws -> ConfusionMatrix {
    try ConfusionMatrix(
      Predictions(classes: answers, confidences: answers.map { _ in 1 }), labels: truths)
  }

  @Test func countsPairsOverTheClassesThatOccur() throws {
    let matrix = try matrix([7, 7, 7, 2, 2, 900], [7, 2, 2, 2, 5, 7])
    #expect(matrix.classes == [2, 5, 7, 900])
    #expect(matrix.rows == [[1, 1, 0, 0], [0, 0, 0, 0], [2, 0, 1, 0], [0, 0, 1, 0]])
    #expect(matrix.rows.joined().reduce(0, +) == 6)
    #expect(matrix.count(of: 7) == 3 && matrix.count(of: 5) == 0)
    #expect(
      matrix.cells.map { [$0.truth, $0.answer, $0.count] } == [
        [2, 2, 1], [2, 5, 1], [7, 2, 2], [7, 7, 1], [900, 7, 1],
      ])
  }

  @Test func theMostFrequentConfusionComesFirst() throws {
    let matrix = try matrix([7, 7, 7, 2, 2, 9, 1, 1, 1], [7, 2, 2, 2, 5, 7, 1, 1, 1])
    let pairs = matrix.mostConfused(10).map { [$0.truth, $0.answer, $0.count] }
    #expect(pairs == [[7, 2, 2], [2, 5, 1], [9, 7, 1]])
    #expect(matrix.mostConfused(1).map(\.truth) == [7])
  }

  @Test func rightAnswersConfuseNothing() throws {
    #expect(try matrix([1, 2], [1, 2]).mostConfused(5).isEmpty)
    #expect(try matrix([], []).rows.isEmpty)
    #expect(kind { try matrix([1], []) } == .defect)
  }
}
