import PexHeads
import PexTensor
import PexTraining
import Testing

/// Rows of classes that the model lacks, beside logits of those that it knows.
@Suite struct NewClassTests {
  private let classes = 3
  private let moving = [false, false, true]

  /// Features of three classes, what is known of the first two, and which samples train.
  private func lesson(_ count: Int) throws -> (table: FeatureTable, known: LogitTable, split: Split) {
    var generator = SplitMix64(seed: 6)
    let table = try clusters(count, spread: 2.5)
    let values = table.labels.flatMap { label in
      (0..<classes).map { moving[$0] ? 0 : 8 + (label == $0 ? 3 : 0) + generator.normal() }
    }
    let known = try LogitTable(classes: classes, values: values)
    return (table, known, Split(training: Array(0..<count / 2), validation: Array(count / 2..<count)))
  }

  private func run(
    _ table: FeatureTable, _ known: LogitTable, _ split: Split, averages: Int? = nil
  ) throws -> TrainedHead {
    var options = TrainingOptions()
    options.refit = false
    let targets = DepartureTargets(answers: table.labels, labels: table.labels, classes: classes, balances: true)
    return try DepartureTask(
      exit: 1, specification: try linear(), table: table, start: nil, addsTo: known, moving: moving, averages: averages
    ).run(targets, split, options, TrainingLimits()).trained
  }

  /// What held-out samples were measured by is what the head answers, the lift of the new class in it, whichever features it
  /// reads; and the rows of known classes are zero.
  @Test(arguments: [nil, 6]) func theHeadIsWhatWasMeasured(averages: Int?) throws {
    let (table, known, split) = try lesson(120)
    let trained = try run(table, known, split, averages: averages)
    for (position, row) in split.held.enumerated() {
      let logits = try trained.head.logits(features: Array(table.row(row)))
      #expect(logits[0] == 0 && logits[1] == 0)
      for (index, value) in logits.enumerated() {
        let expected = trained.heldLogits.row(position)[index + position * classes]
        #expect(abs(value + known.row(row)[index + row * classes] - expected) < 1e-2)
      }
    }
    let features = try trained.head.parameters[0].floats
    for index in 24..<36 { #expect((features[index] == 0) == (index - 24 >= averages ?? 12)) }
  }

  /// The line between known and new lies where held-out samples are answered with the least loss: nowhere else is it lower.
  @Test func theLineIsWhereHeldOutSamplesSay() throws {
    let (table, known, split) = try lesson(120)
    let trained = try run(table, known, split)
    let labels = split.held.compactMap { table.labels[$0] }
    func loss(_ more: Float) throws -> Double {
      try Reference.loss(trained.heldLogits.lifted(more, moving), labels, temperature: trained.report.temperature)
    }
    let lowest = try loss(0)
    for more in [-1, -0.5, 0.5, 1] as [Float] { #expect(try loss(more) > lowest, "at \(more)") }
  }

  /// Held-out samples of the new class alone move no line: all others would be on its side.
  @Test func newClassesAloneMoveNoLine() throws {
    let (table, known, split) = try lesson(120)
    let held = split.validation.filter { table.labels[$0] == 2 }
    let trained = try run(table, known, Split(training: split.training, validation: held))
    let others = split.training.filter { table.labels[$0] != 2 }
    let right = try others.count { row in
      let logits = try trained.head.logits(features: Array(table.row(row)))
      let sums = logits.enumerated().map { $1 + known.row(row)[$0 + row * classes] }
      return sums.indices.max { sums[$0] < sums[$1] } != 2
    }
    #expect(Double(right) > 0.7 * Double(others.count), "\(right) of \(others.count)")
  }
}
