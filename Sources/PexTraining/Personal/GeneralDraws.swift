import Foundation
import PexHeads
import PexTensor

/// Made-up features of general pictures, as the last exit point of a model would give them: what keeps a new class from
/// taking answers away from the old ones where nobody has pictures of these.
struct GeneralDraws {
  /// How many are made.
  static let count = 1000

  /// Averages and then maxima of every channel, one row a picture.
  let rows: [[Float]]
  /// The classifier's logits for them.
  let logits: [[Float]]

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
  /// for.
  init(around table: FeatureTable, _ layer: ClassifierLayer, isPositive: Bool) throws {
    let (width, channels) = (table.width, table.width / 2)
    var mean = [Float](repeating: 0, count: width)
    try table.each(Array(0..<table.count)) { _, row in
      for index in 0..<width { mean[index] += row[index] / Float(table.count) }
    }
    let length = mean.prefix(channels).reduce(0) { $0 + $1 * $1 }.squareRoot()
    let stride = max(1, layer.bias.count / Self.count)
    rows = Swift.stride(from: 0, to: layer.bias.count, by: stride).prefix(Self.count).map { number in
      var weight = Array(layer.weight[number * channels..<(number + 1) * channels])
      if isPositive { weight = weight.map { max(0, $0) } }
      let scale = length / max(weight.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-6)
      return (0..<width).map { index in
        let moved = 0.5 * mean[index % channels] + 0.5 * scale * weight[index % channels]
        // Maxima go with averages, channel by channel.
        return index < channels ? moved : moved * mean[index] / max(mean[index - channels], 1e-6)
      }
    }
    logits = rows.map { layer.logits($0) }
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
