import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct ConvTrainingTests {
  /// Pictures of noise with a stroke across or down, of equal averages and maxima: a linear head cannot tell them apart.
  private func strokes(_ count: Int, seed: UInt64) throws -> TapTable {
    var generator = SplitMix64(seed: seed)
    var table = try TapTable(tap: "exit 1", channels: 2, spatial: [6, 7])
    for sample in 0..<count {
      var tap = (0..<2 * 42).map { _ in 0.2 * generator.normal() }
      let label = sample % 2
      let (y, x) = (Int(generator.next() % 4), Int(generator.next() % 5))
      for step in 0..<3 { tap[42 + (label == 0 ? y * 7 + x + step : (y + step) * 7 + x)] += 3 }
      try table.append(tap.map { 20 * $0 }, label: label)
    }
    return table
  }

  private func accuracy(_ head: Head, _ table: TapTable) throws -> Double {
    let rows = try (0..<table.count).flatMap { row in
      try table.row(row).withUnsafeBufferPointer { try head.logits(tap: $0) }
    }
    return try LogitTable(classes: 2, values: rows).accuracy(table.labels.map { $0 ?? -1 })
  }

  @Test func learnsWhatPoolingCannotSee() throws {
    let (table, test) = (try strokes(120, seed: 1), try strokes(300, seed: 2))
    let split = try Split.stratified(labels: table.labels)
    let scores = try [HeadKind.linear, .conv].map { kind in
      let specification = try HeadSpecification(
        kind: kind, channels: 2, spatial: [6, 7], classes: 2, hidden: kind == .conv ? 8 : nil)
      let trained = try HeadTrainer.train(exit: 1, specification: specification, samples: .taps(table), split: split)
      return try accuracy(trained.head, test)
    }
    #expect(scores[0] < 0.7)
    #expect(scores[1] > 0.9)
  }

  @Test func theSameSeedGivesTheSameBytesAndGoingOnKeepsWhatIsGood() throws {
    let table = try strokes(60, seed: 3)
    let split = try Split.stratified(labels: table.labels)
    let specification = try HeadSpecification(kind: .conv, channels: 2, spatial: [6, 7], classes: 2, hidden: 6)
    let heads = try (0..<2).map { _ in
      try HeadTrainer.train(exit: 1, specification: specification, samples: .taps(table), split: split).head
    }
    #expect(zip(heads[0].parameters, heads[1].parameters).allSatisfy { $0.isIdentical(to: $1) })
    var options = TrainingOptions()
    options.epochs = 2
    let test = try strokes(200, seed: 4)
    let further = try HeadTrainer.train(
      exit: 1, specification: specification, samples: .taps(table), base: heads[0], split: split, options: options)
    #expect(try accuracy(further.head, test) > accuracy(heads[0], test) - 0.03)
  }

  @Test func convolutionalHeadsNeedRawTaps() throws {
    let table = try clusters(12, width: 4, classes: 2)
    let specification = try HeadSpecification(kind: .conv, channels: 2, spatial: [2, 2], classes: 2)
    #expect(
      kind {
        try HeadTrainer.train(
          exit: 1, specification: specification, samples: .features(table), split: .stratified(labels: table.labels))
      } == .defect)
  }
}
