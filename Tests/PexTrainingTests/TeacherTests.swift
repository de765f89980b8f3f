import Foundation
import PexHeads
import PexTensor
import PexTraining
import Testing

/// Heads that learn from another classifier's logits.
@Suite struct TeacherTests {
  private static let shares: [Float] = [0.1, 0.6, 0.2, 0.1]

  private func teacher(_ samples: Int, temperature: Float = 1, mix: Float = 1, seed: UInt64 = 3) throws -> Teacher {
    var generator = SplitMix64(seed: seed)
    let logits = try LogitTable(classes: 4, values: (0..<samples * 4).map { _ in 2 * generator.normal() })
    return Teacher(logits: logits, temperature: temperature, mix: mix)
  }

  @Test(
    arguments: [(1, 1), (2, 1), (4, 0.3), (0.5, 0)] as [(Float, Float)], [nil, shares])
  func theGradientIsThatOfTheLoss(_ settings: (temperature: Float, mix: Float), prior: [Float]?) throws {
    let teacher = try teacher(4, temperature: settings.temperature, mix: settings.mix)
    for targets in [
      Targets(labels: [0, nil, 3, nil], teacher: teacher, prior: prior), Targets(labels: [0, 2, 3, 1], prior: prior),
    ] {
      var generator = SplitMix64(seed: 7)
      for sample in 0..<4 {
        let logits = (0..<4).map { _ in generator.normal() }
        var gradient = logits
        gradient.withUnsafeMutableBufferPointer { targets.gradient($0, sample, scale: 0.5) }
        for index in 0..<4 {
          let step: Float = 1e-2
          func loss(_ change: Float) throws -> Double {
            var moved = logits
            moved[index] += change
            return try targets.loss(LogitTable(classes: 4, values: moved, prior: prior), [sample])
          }
          let slope = (try loss(step) - loss(-step)) / Double(2 * step)
          #expect(abs(Double(gradient[index]) - 0.5 * slope) < 2e-3)
        }
      }
    }
  }

  /// A teacher that is optional is listened to where held-out labels prefer that, and else changes not a byte.
  @Test func heldOutLabelsDecideAboutAnOptionalTeacher() throws {
    let (general, test) = (try clusters(900, width: 60, spread: 3), try clusters(900, width: 60, spread: 3, seed: 2))
    let expert = try HeadTrainer.train(
      exit: 1, specification: linear(width: 60), samples: .features(general),
      split: try Split.stratified(labels: general.labels)
    ).head
    let own = try clusters(160, width: 60, spread: 3, seed: 11)
    let logits = try (0..<own.count).map { try expert.logits(features: Array(own.row($0))) }
    let few = try clusters(9, width: 60, spread: 3, seed: 12)
    let base = try HeadTrainer.train(
      exit: 1, specification: linear(width: 60), samples: .features(few),
      split: try Split.stratified(labels: few.labels)
    ).head
    // Half of the samples decide: what is left for chance among fewer is too much for any teacher.
    let split = try Split.stratified(labels: own.labels, fraction: 0.5)
    func head(_ rows: [[Float]]?, isOptional: Bool) throws -> Head {
      var teacher = try rows.map { Teacher(logits: try LogitTable(classes: 3, values: $0.flatMap { $0 })) }
      teacher?.isOptional = isOptional
      return try HeadTrainer.train(
        exit: 1, specification: linear(width: 60), samples: .features(own), base: base, teacher: teacher, split: split
      ).head
    }
    let alone = try head(nil, isOptional: false)
    // One that says the opposite.
    let wrong = logits.map { $0.map { -3 * $0 } }
    let ignoring = try head(wrong, isOptional: true)
    #expect(zip(ignoring.parameters, alone.parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try !zip(head(wrong, isOptional: false).parameters, alone.parameters).allSatisfy { $0.isIdentical(to: $1) })
    // One that knows better than so few labels.
    let taught = try head(logits, isOptional: true)
    #expect(!zip(taught.parameters, alone.parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try accuracy(taught, test) >= accuracy(alone, test))
  }

  @Test func aHeadThatAgreesLosesNothing() throws {
    let teacher = try teacher(5, temperature: 3)
    let targets = Targets(labels: [nil, nil, nil, nil, nil], teacher: teacher)
    #expect(try abs(targets.loss(teacher.logits, Array(0..<5))) < 1e-6)
    #expect(targets.answers == Predictions(teacher.logits).classes)
  }

  /// Without any label a head learns what a teacher knows who sees the same samples.
  @Test func learnsWithoutLabels() throws {
    let (labelled, test) = (try clusters(600, spread: 0.7), try clusters(600, spread: 0.7, seed: 2))
    let split = try Split.stratified(labels: labelled.labels)
    let known = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(labelled), split: split
    ).head
    var unlabelled = try clusters(150, spread: 0.7, seed: 9)
    let logits = try LogitTable(
      classes: 3, values: (0..<150).flatMap { try known.logits(features: Array(unlabelled.row($0))) })
    try unlabelled.relabel([Int?](repeating: nil, count: 150))
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(unlabelled), teacher: Teacher(logits: logits),
      split: .stratified(labels: Predictions(logits).classes))
    #expect(try accuracy(trained.head, test) > 0.95)
    #expect(trained.report.validationAccuracy ?? 0 > 0.9)
    // The teacher's answers say nothing of how sure a head may be.
    #expect(trained.report.temperature == 1)
  }

  @Test func aTeacherOfOtherSamplesIsRefused() throws {
    let table = try clusters(30)
    let teacher = Teacher(logits: try LogitTable(classes: 3, values: [Float](repeating: 0, count: 87)))
    #expect(throws: PexError.self) {
      try HeadTrainer.train(
        exit: 1, specification: linear(), samples: .features(table), teacher: teacher,
        split: .stratified(labels: table.labels))
    }
  }

  @Test func thePriorWeighsLossesAndAnswers() throws {
    let table = try LogitTable(classes: 4, values: [1, 0, 0.5, 1], prior: Self.shares)
    let probabilities = softmax([1, 0, 0.5, 1], temperature: 2, prior: Self.shares)
    #expect(Predictions(table, temperature: 2).confidences == [probabilities[1]])
    #expect(Predictions(table).classes == [1])
    let loss = try table.loss([2], temperature: 2)
    #expect(abs(Float(loss) + log(probabilities[2])) < 1e-5)
    let limited = try LogitTable(classes: 4, values: [1, 0, 0.5, 1, 2, 3, 4, 5]).limited(
      to: [3, 1], prior: [0.5, 0.5])
    #expect(limited.values == [1, 0, 5, 3] && limited.prior == [0.5, 0.5])
    #expect(throws: PexError.self) { try table.limited(to: [4]) }
    #expect(throws: PexError.self) { try LogitTable(classes: 2, values: [1, 2], prior: [1]) }
  }
}
