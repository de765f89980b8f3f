import PexHeads
import PexTensor
import PexTraining
import Testing

/// When a base head is left for one that was trained.
@Suite struct BaseHeadChoiceTests {
  @Test func lossesAreLowerBeyondChanceOnly() {
    let old = (0..<100).map { Double($0 % 7) }
    // A mean gain of 0.1 with deviation 0.2 is 5 standard errors of a hundred samples; with deviation 1 it is one.
    func new(_ deviation: Double) -> [Double] {
      old.indices.map { old[$0] - 0.1 + ($0.isMultiple(of: 2) ? deviation : -deviation) }
    }
    #expect(HeadTrainer.isLower(new(0.2), than: old))
    #expect(!HeadTrainer.isLower(new(1), than: old))
    #expect(!HeadTrainer.isLower(old, than: new(0.2)))
    #expect(!HeadTrainer.isLower(old, than: old))
  }

  /// A head that is right and merely too sure needs a temperature, not training.
  @Test func aHeadThatIsTooSureIsKeptAndCalibrated() throws {
    let general = try clusters(2000, spread: 2)
    let base = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(general), split: Split.stratified(labels: general.labels)
    ).head
    let sure = try Head(base.specification, parameters: base.parameters, temperature: base.temperature / 4)
    let own = try clusters(300, spread: 2, seed: 11)
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(own), base: sure, split: Split.stratified(labels: own.labels)
    )
    #expect(zip(trained.head.parameters, base.parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(trained.head.temperature > 2 * sure.temperature)
    // Another person's classes lie elsewhere: there training is better beyond chance.
    let other = try clusters(300, spread: 2, seed: 11, centres: 5)
    let moved = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(other), base: sure,
      split: Split.stratified(labels: other.labels)
    ).head
    #expect(!zip(moved.parameters, base.parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try accuracy(moved, other) > accuracy(base, other) + 0.2)
  }
}
