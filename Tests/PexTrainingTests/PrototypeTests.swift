import PexHeads
import PexTensor
import PexTraining
import Testing

/// Prototype heads against textbook discriminant analysis, and what one more sample changes.
@Suite struct PrototypeTests {
  private static let (width, classes) = (10, 4)

  private func general(_ seed: UInt64 = 1) throws -> FeatureStatistics {
    let table = try clusters(200, width: Self.width, classes: Self.classes, seed: seed)
    return try FeatureStatistics(of: table, labels: table.labels.map { $0 ?? 0 }, classes: Self.classes)
  }

  /// The person's samples.
  private func person(_ count: Int = 8) throws -> FeatureTable {
    try clusters(count, width: Self.width, classes: Self.classes, seed: 31)
  }

  private func prototypes(_ classes: [Int?]) throws -> Prototypes {
    try Prototypes(general(), classes: classes, features: person())
  }

  private func row(_ numbers: [Float], _ number: Int) -> [Float] {
    Array(numbers[number * Self.width..<(number + 1) * Self.width])
  }

  /// The covariance within classes, a tenth of the way to its diagonal.
  private func covariance(_ statistics: FeatureStatistics) -> DenseMatrix {
    let (residual, factor, width) = (statistics.residual.floats, statistics.factor.floats, Self.width)
    let plain = DenseMatrix(width) { row, column in
      (0..<statistics.rank).reduce(row == column ? Double(residual[row]) : 0) {
        $0 + Double(factor[$1 * width + row]) * Double(factor[$1 * width + column])
      }
    }
    return DenseMatrix(width) { $0 == $1 ? plain[$0, $1] : 0.9 * plain[$0, $1] }
  }

  @Test(arguments: 1..<7 as Range<UInt64>)
  func answersAreThoseOfDiscriminantAnalysis(seed: UInt64) throws {
    let statistics = try general(seed)
    let order = [2, 0, 3]
    let head = try Prototypes(statistics, classes: order, features: person()).parameters()
    let inverse = covariance(statistics).inverse
    for (place, number) in order.enumerated() {
      let mean = row(statistics.means.floats, number)
      #expect(row(head[0], place) == mean && head[1][place] == Prototypes.anchorWeight)
      let weight = inverse.times(mean.map(Double.init))
      #expect(relativeDistance(row(head[2], place), weight) < 1e-4)
      let bias = -product(weight, mean.map(Double.init)) / 2
      #expect(abs(Double(head[3][place]) - bias) < 1e-4 * abs(bias))
    }
  }

  /// The class of least Mahalanobis distance answers.
  @Test func theNearestMeanAnswers() throws {
    let statistics = try general()
    let numbers = try prototypes([0, 1, 2, 3]).parameters()
    let specification = try HeadSpecification(
      kind: .prototype, channels: Self.width / 2, spatial: [2, 2], classes: Self.classes)
    let tensors = try zip(specification.parameters, numbers).map { try Tensor($0.dimensions, $1) }
    let head = try Head(specification, parameters: tensors)
    let inverse = covariance(statistics).inverse
    let table = try clusters(100, width: Self.width, classes: Self.classes, spread: 2, seed: 12)
    for sample in 0..<table.count {
      let features = Array(try table.row(sample))
      let distances = (0..<Self.classes).map { number in
        let distance = zip(features, row(statistics.means.floats, number)).map { Double($0) - Double($1) }
        return product(distance, inverse.times(distance))
      }
      let logits = try head.logits(features: features)
      // Logits differ by half of what squared distances differ by.
      for number in 1..<Self.classes {
        let expected = (distances[0] - distances[number]) / 2
        #expect(abs(Double(logits[number] - logits[0]) - expected) < 1e-3 * max(1, abs(expected)))
      }
    }
  }

  @Test func countsAndMeansRun() throws {
    var prototypes = try prototypes([1, nil])
    let start = row(try general().means.floats, 1)
    let table = try person()
    for sample in 0..<3 { prototypes.add(try table.row(sample), class: 0) }
    for sample in 3..<5 { prototypes.add(try table.row(sample), class: 1) }
    #expect(prototypes.counts == [Prototypes.anchorWeight + 3, 2])
    for (place, samples, anchor) in [(0, 0..<3, Double(Prototypes.anchorWeight)), (1, 3..<5, 0)] {
      let rows = try samples.map { try table.row($0).map(Double.init) }
      let expected = (0..<Self.width).map { index in
        (anchor * Double(start[index]) + rows.reduce(0) { $0 + $1[index] }) / (anchor + Double(rows.count))
      }
      #expect(relativeDistance(row(prototypes.means, place), expected) < 1e-5)
    }
    // A class that does not exist and features of another width are nobody's.
    let before = prototypes.means
    prototypes.add(try table.row(0), class: 2)
    prototypes.add([1, 2], class: 0)
    #expect(prototypes.means == before && prototypes.counts == [Prototypes.anchorWeight + 3, 2])
  }

  @Test func oneSampleAddsAClassAndLeavesTheOthersAlone() throws {
    let table = try person()
    var before = try prototypes([0, 1, nil, nil])
    before.add(try table.row(0), class: 2)
    var after = before
    after.add(try table.row(3), class: 3)
    let (old, new) = (before.parameters(), after.parameters())
    for number in 0..<3 {
      #expect(row(old[0], number) == row(new[0], number) && row(old[2], number) == row(new[2], number))
      #expect(old[1][number] == new[1][number] && old[3][number] == new[3][number])
    }
    #expect(row(new[0], 3) == Array(try table.row(3)) && new[1][3] == 1)

    // Its direction is the sample's, its length that of the known classes.
    let inverse = covariance(try general()).inverse
    let sample = try table.row(3).map(Double.init)
    let direction = inverse.times(sample)
    let typical = -Double(new[3][0] + new[3][1])
    let factor = (typical / product(direction, sample)).squareRoot()
    #expect(relativeDistance(row(new[2], 3), direction.map { $0 * factor }) < 1e-4)
    #expect(abs(Double(new[3][3]) + typical / 2) < 1e-4 * typical)
  }

  /// A sample of a known class moves the length that new classes share, and nothing else of theirs.
  @Test func newClassesShareALength() throws {
    let table = try person()
    var before = try prototypes([0, 1, nil, nil])
    for number in 2..<4 { before.add(try table.row(number), class: number) }
    var after = before
    after.add(try table.row(4), class: 0)
    let (old, new) = (before.parameters(), after.parameters())
    #expect(row(old[2], 1) == row(new[2], 1) && old[3][1] == new[3][1])
    #expect(row(old[2], 0) != row(new[2], 0) && old[3][2] != new[3][2])
    let factor = (Double(new[3][2]) / Double(old[3][2])).squareRoot()
    for number in 2..<4 {
      #expect(row(old[0], number) == row(new[0], number))
      #expect(relativeDistance(row(new[2], number), row(old[2], number).map { Double($0) * factor }) < 1e-5)
    }
  }

  @Test func withoutStatisticsTheSpreadOfTheSamplesStandsIn() throws {
    let table = try person(40)
    var prototypes = try Prototypes(nil, classes: [nil, nil, nil, nil], features: table)
    for sample in 0..<table.count { prototypes.add(try table.row(sample), class: sample % 4) }
    let numbers = prototypes.parameters()
    let spread = try Standardisation(table, rows: Array(0..<table.count)).deviation.map(Double.init)
    for number in 0..<4 {
      let mean = row(numbers[0], number).map(Double.init)
      let weight = zip(mean, spread).map { $0 / ($1 * $1) }
      #expect(relativeDistance(row(numbers[2], number), weight) < 1e-3)
    }
    let nothing = try FeatureTable(tap: "exit 1", width: Self.width)
    #expect(kind { try Prototypes(nil, classes: [nil], features: nothing) } == .malformed)
    #expect(kind { try Prototypes(general(), classes: [4], features: table) } == .malformed)
    #expect(kind { try Prototypes(general(), classes: [-1], features: table) } == .malformed)
  }

  @Test func trainedHeadsGoOnFromEarlierOnes() throws {
    let specification = try HeadSpecification(
      kind: .prototype, channels: Self.width / 2, spatial: [2, 2], classes: Self.classes)
    let table = try clusters(60, width: Self.width, classes: Self.classes, spread: 0.6, seed: 5)
    let known = GeneralFeatures(try general(), classes: [0, 1, 2, 3])
    let split = try Split.stratified(labels: table.labels)
    func trained(_ base: Head?) throws -> Head {
      try HeadTrainer.train(
        exit: 1, specification: specification, samples: .features(table), base: base, general: known, split: split
      ).head
    }
    let first = try trained(nil)
    // Held-out samples choose what the general means weigh.
    let weight = try #require(try first.parameter("count").floats.first) - 15
    #expect([10, Prototypes.anchorWeight, 250].contains(weight))
    #expect(try first.parameter("count").floats == [Float](repeating: weight + 15, count: 4))
    #expect(try trained(first).parameter("count").floats == [Float](repeating: weight + 30, count: 4))
    let test = try clusters(400, width: Self.width, classes: Self.classes, spread: 0.6, seed: 6)
    #expect(try accuracy(first, test) > 0.95)
    let again = try trained(nil)
    #expect(zip(first.parameters, again.parameters).allSatisfy { $0.isIdentical(to: $1) })
  }
}
