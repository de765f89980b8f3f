import PexHeads
import PexTensor
import PexTraining
import Testing

/// Features that stand for pictures which nobody has.
@Suite struct GeneralDrawsTests {
  private let channels = 96

  /// The sample model's classifier.
  private func layer() throws -> ClassifierLayer {
    let model = try SampleModel.model()
    let point = try #require(model.bundle.contents.trunk.exitPoints.last { !$0.isNamed })
    return try #require(model.bundle.graph.classifierLayer(reading: point.value))
  }

  /// So many samples of each of three classes, whose features spread so widely about their class's mean.
  private func person(each count: Int, spread: Float) throws -> (table: FeatureTable, classes: [Int?]) {
    var generator = SplitMix64(seed: 8)
    var table = try FeatureTable(tap: "exit 10", width: 2 * channels)
    let classes = (0..<3 * count).map { $0 % 3 }
    for kind in classes {
      try table.append(
        (0..<2 * channels).map { 5 + ($0 % 3 == kind ? 2 : 0) + spread * generator.normal() }, label: kind)
    }
    return (table, classes)
  }

  private func draws(each count: Int, spread: Float, isPositive: Bool = false) throws -> GeneralDraws {
    let (table, classes) = try person(each: count, spread: spread)
    return try GeneralDraws(around: table, classes: classes, try layer(), isPositive: isPositive, seed: 1)
  }

  /// A draw of one of the model's classes differs from another of the same class as pictures of one class differ: not at all, or
  /// as widely as the person's do.
  @Test(arguments: [0, 0.5, 1.5] as [Float]) func theySpreadAsThePersonsDo(spread: Float) throws {
    let rows = try draws(each: 8, spread: spread).rows
    #expect(rows.count == 1000)
    // A thousand draws of a hundred classes, ten in a row.
    let square = stride(from: 0, to: 1000, by: 10).reduce(0.0) { sum, first in
      let group = rows[first..<first + 10]
      return sum
        + (0..<2 * channels).reduce(0.0) { sum, index in
          let mean = group.reduce(0) { $0 + Double($1[index]) } / 10
          return sum + group.reduce(0) { $0 + (Double($1[index]) - mean) * (Double($1[index]) - mean) }
        }
    }
    let variance = square / Double(100 * 9 * 2 * channels)
    #expect(abs(variance - Double(spread * spread)) <= 0.1 * Double(spread * spread) + 1e-9)
  }

  /// With one sample a class they spread as all samples do, and features from behind a rectifier are never negative.
  @Test func oneSampleAClass() throws {
    let rows = try draws(each: 1, spread: 0, isPositive: true).rows
    #expect(rows.allSatisfy { $0.allSatisfy { $0 >= 0 } })
    #expect(Set(rows.prefix(10)).count > 1, "three classes differ from their mean in three ways")
  }

  /// The logits are the classifier's of the averages.
  @Test func logitsAreTheClassifiers() throws {
    let (draws, layer) = (try draws(each: 4, spread: 1), try layer())
    for number in [0, 499, 999] {
      for kind in [0, 42, 99] {
        let expected = (0..<channels).reduce(layer.bias[kind]) {
          $0 + layer.weight[kind * channels + $1] * draws.rows[number][$1]
        }
        #expect(abs(draws.logits[number][kind] - expected) < 1e-3)
      }
    }
  }
}
