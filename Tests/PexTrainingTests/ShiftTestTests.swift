import PexHeads
import PexTensor
import PexTraining
import Testing

/// Whether somebody's pictures look like those that the model was made for.
@Suite struct ShiftTestTests {
  private static let classes = 3

  /// Made-up last features `[averages, maxima]` and logits of a model that is right, moved by so much.
  private func samples(
    _ count: Int, seed: UInt64, moved: Float = 0, sureness: Float = 4
  ) throws -> (table: FeatureTable, logits: LogitTable) {
    var generator = SplitMix64(seed: seed)
    var table = try FeatureTable(tap: "exit 9", width: 8)
    var values: [Float] = []
    for sample in 0..<count {
      let label = sample % Self.classes
      let averages = (0..<4).map { Float($0 == label ? 3 : 1) + 0.5 * generator.normal() + moved }
      try table.append(averages + averages.map { 2 * $0 }, label: nil)
      values += (0..<Self.classes).map { ($0 == label ? sureness : 0) + generator.normal() }
    }
    return (table, try LogitTable(classes: Self.classes, values: values))
  }

  private func reference() throws -> ReferenceStatistics {
    let (table, logits) = try samples(900, seed: 1)
    let answers = Predictions(logits)
    let features = try FeatureStatistics(of: table, labels: answers.classes, classes: Self.classes)
    let sureness = (0..<Self.classes).flatMap { number -> [Float] in
      let own = zip(answers.classes, answers.confidences).filter { $0.0 == number }.map(\.1)
      let count = Float(own.count)
      return [own.reduce(0, +) / count, own.reduce(0) { $0 + $1 * $1 } / count]
    }
    return try ReferenceStatistics(features, sureness: Tensor([Self.classes, 2], sureness))
  }

  @Test func ordinaryPicturesAreNotFlagged() throws {
    let (reference, shares) = (try reference(), [Float](repeating: 1 / 3, count: 3))
    for seed in 2..<22 {
      let (table, logits) = try samples(60, seed: UInt64(seed))
      let test = try ShiftTest(reference, table, logits, shares: shares)
      #expect(!test.isShifted, "seed \(seed): \(test)")
    }
  }

  /// Features elsewhere, and doubts, are each enough.
  @Test func othersAre() throws {
    let (reference, shares) = (try reference(), [Float](repeating: 1 / 3, count: 3))
    let moved = try samples(60, seed: 3, moved: 1)
    let elsewhere = try ShiftTest(reference, moved.table, moved.logits, shares: shares)
    #expect(elsewhere.distance ?? 0 > 3.5 && elsewhere.sureness > -2.75 && elsewhere.isShifted)
    let unsure = try samples(60, seed: 4, sureness: 1)
    let doubtful = try ShiftTest(reference, unsure.table, unsure.logits, shares: shares)
    #expect(doubtful.sureness < -2.75 && doubtful.distance ?? 9 < 3.5 && doubtful.isShifted)
  }

  /// Pictures of one class alone are ordinary when it is known that they are.
  @Test func whatIsKnownOfTheSharesCounts() throws {
    let reference = try reference()
    let (table, logits) = try samples(180, seed: 5)
    let rows = stride(from: 0, to: 180, by: 3).map { $0 }
    var one = try FeatureTable(tap: "exit 9", width: 8)
    for row in rows { try one.append(Array(try table.row(row)), label: nil) }
    let answers = try logits.selected(rows)
    #expect(try !ShiftTest(reference, one, answers, shares: [1, 0, 0]).isShifted)
    #expect(try ShiftTest(reference, one, answers, shares: [1 / 3, 1 / 3, 1 / 3]).isShifted)
  }
}
