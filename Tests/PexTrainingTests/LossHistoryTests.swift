import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct LossHistoryTests {
  private func train(
    _ table: FeatureTable, base: Head? = nil, fraction: Double = 0.2, _ change: (inout TrainingOptions) -> Void
  ) throws -> TrainedHead {
    var options = TrainingOptions()
    change(&options)
    let split = try Split.stratified(labels: table.labels, fraction: fraction)
    return try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(table), base: base, split: split, options: options)
  }

  @Test func recordingChangesNoHead() throws {
    let table = try clusters(90)
    let (plain, recorded) = (try train(table) { _ in }, try train(table) { $0.recordsLosses = true })
    #expect(plain.report.losses == nil && recorded.report.losses != nil)
    #expect(zip(plain.head.parameters, recorded.head.parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(plain.report.steps == recorded.report.steps && plain.report.epochs == recorded.report.epochs)
  }

  /// The first number is the start's: a head of zeros finds three classes equal, whose loss is log 3.
  @Test func theLossFallsFromThatOfTheStart() throws {
    let table = try clusters(400, spread: 0.7)
    let trained = try train(table) { $0.recordsLosses = true }
    let losses = try #require(trained.report.losses)
    for curve in [losses.training, losses.validation] {
      #expect(abs((curve.first ?? 0) - 1.0986) < 1e-3)
      #expect(curve.allSatisfy { $0 > 0 && $0.isFinite })
    }
    #expect(losses.training.count == losses.validation.count)
    #expect((losses.training.min() ?? 1) < 0.3)
    // Eighty held-out samples choose the epoch: it is the lowest of the curve.
    #expect(losses.validation.count > trained.report.epochs)
    #expect(losses.validation[trained.report.epochs] == losses.validation.dropFirst().min())
  }

  /// The head that comes out, before it is trained again on all samples, has the loss at the epoch that was kept.
  @Test func theEpochThatWasKeptHasTheLossOfTheHead() throws {
    let table = try clusters(120)
    let trained = try train(table) { ($0.recordsLosses, $0.refit) = (true, false) }
    let split = try Split.stratified(labels: table.labels)
    let loss = try trained.heldLogits.loss(split.validation.map { table.labels[$0] ?? -1 })
    let recorded = try #require(trained.report.losses).validation[trained.report.epochs]
    #expect(abs(loss - recorded) < 1e-4)
  }

  @Test func withoutHeldOutSamplesThereIsATrainingCurve() throws {
    let trained = try train(try clusters(600), fraction: 0) { ($0.recordsLosses, $0.epochs) = (true, 7) }
    let losses = try #require(trained.report.losses)
    #expect(losses.validation.isEmpty && losses.training.count == 8)
    #expect((losses.training.last ?? 1) < (losses.training.first ?? 0))
  }

  /// A base head that is kept shows the run that came nearest, with the base head's loss at its beginning.
  @Test func aBaseHeadThatIsKeptHasACurve() throws {
    let general = try clusters(3000, spread: 1.5)
    let base = try train(general) { _ in }.head
    let trained = try train(try clusters(60, spread: 1.5, seed: 5), base: base) {
      ($0.recordsLosses, $0.learningRate, $0.optimizer) = (true, 50, .sgd)
    }
    #expect(trained.report.epochs == 0)
    let losses = try #require(trained.report.losses)
    #expect(losses.validation.count > 1 && losses.validation[0] < (losses.validation.last ?? 0))
  }
}
