import Foundation
import PexHeads
import PexTensor

/// Made-up features of general pictures, as the last exit point of a model would give them: what keeps a new class from
/// taking answers away from the old ones where nobody has pictures of these.
package struct GeneralDraws {
  /// How many are made.
  static let count = 1000

  /// Averages and then maxima of every channel, one row a picture.
  package let rows: [[Float]]
  /// The classifier's logits for them.
  package let logits: [[Float]]

  /// Draws from the normal distributions that a bundle's reference describes, cut off at 0 where features are never negative.
  /// - Parameters:
  ///   - layer: what the classifier computes of the averages.
  ///   - isPositive: whether the features come from behind a rectifier.
  init(_ reference: ReferenceStatistics, _ layer: ClassifierLayer, isPositive: Bool, seed: UInt64) {
    let features = reference.features
    let (width, rank) = (features.width, features.rank)
    let (means, factor) = (features.means.floats, features.factor.floats)
    let residual = features.residual.floats.map { $0.squareRoot() }
    var (generator, sums) = (SplitMix64(seed: seed), [Double]())
    for count in features.counts.floats { sums.append((sums.last ?? 0) + Double(count)) }
    rows = (0..<Self.count).map { number in
      // Classes as often as the reference met them, spread evenly over the draws.
      let place = (Double(number) + 0.5) / Double(Self.count) * (sums.last ?? 0)
      let kind = sums.firstIndex { place < $0 } ?? 0
      var row = Array(means[kind * width..<(kind + 1) * width])
      for index in 0..<width { row[index] += residual[index] * generator.normal() }
      for part in 0..<rank {
        let factorOf = generator.normal()
        for index in 0..<width { row[index] += factorOf * factor[part * width + index] }
      }
      return isPositive ? row.map { max(0, $0) } : row
    }
    logits = rows.map { layer.logits($0) }
  }

  /// Where a bundle has no reference: features that lie between the mean of the person's and what each class's weights look
  /// for, spread as the person's own pictures of one class are; as all of them where no class has two.
  /// - Parameter classes: the class of every row of the table; nil where nobody knows it.
  package init(around table: FeatureTable, classes: [Int?], _ layer: ClassifierLayer, isPositive: Bool, seed: UInt64)
    throws
  {
    let (width, channels) = (table.width, table.width / 2)
    let mean = try Standardisation(table, rows: Array(0..<table.count)).mean
    let residuals = try Self.residuals(table, classes, around: mean)
    let length = mean.prefix(channels).reduce(0) { $0 + $1 * $1 }.squareRoot()
    var generator = SplitMix64(seed: seed)
    rows = (0..<Self.count).map { draw in
      let number = draw * layer.bias.count / Self.count
      var weight = Array(layer.weight[number * channels..<(number + 1) * channels])
      if isPositive { weight = weight.map { max(0, $0) } }
      let scale = length / max(weight.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-6)
      let residual = residuals.isEmpty ? nil : residuals[Int(generator.next() % UInt64(residuals.count))]
      return (0..<width).map { index in
        let moved = 0.5 * mean[index % channels] + 0.5 * scale * weight[index % channels]
        // Maxima go with averages, channel by channel.
        let centre = index < channels ? moved : moved * mean[index] / max(mean[index - channels], 1e-6)
        let value = centre + (residual?[index] ?? 0)
        return isPositive ? max(0, value) : value
      }
    }
    logits = rows.map { layer.logits($0) }
  }

  /// How rows differ from the mean of their class, as widely as they would from the mean of many; where no class has two, from
  /// the mean of all.
  private static func residuals(
    _ table: FeatureTable, _ classes: [Int?], around mean: [Float]
  ) throws -> [[Float]] {
    let groups = Dictionary(grouping: classes.indices.filter { classes[$0] != nil }) { classes[$0] ?? 0 }
    let large = groups.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    guard !large.isEmpty else {
      return try (0..<table.count).map { row in zip(try table.row(row), mean).map { $0 - $1 } }
    }
    return try large.flatMap { group in
      let centre = try Standardisation(table, rows: group).mean
      let factor = (Float(group.count) / Float(group.count - 1)).squareRoot()
      return try group.map { row in zip(try table.row(row), centre).map { factor * ($0 - $1) } }
    }
  }
}

extension ClassifierLayer {
  /// The logits of averages, which stand in front of a row.
  fileprivate func logits(_ row: [Float]) -> [Float] {
    let channels = weight.count / max(bias.count, 1)
    return bias.indices.map { number in
      var sum = bias[number]
      for index in 0..<channels { sum += weight[number * channels + index] * row[index] }
      return sum
    }
  }
}
