import Foundation
import PexHeads
import PexTensor

/// Whether somebody's pictures look like those that the model was made for, told without a label: what decides if the
/// model's answers may say which classes a person meets.
///
/// Two things are asked. Is the model as sure as it is of such classes elsewhere (z, in standard errors)? And do the last
/// features lie where those classes' features lie (Hotelling's T², 1931, over its expectation: 1 without a shift)? Confidence
/// alone overlooks darkness and blur, features alone overlook turned pictures of which there are few.
public struct ShiftTest: Hashable, Sendable {
  /// Below this z the model is less sure than chance explains.
  static let surenessLimit = -2.75
  /// Above this share of what chance explains, features lie elsewhere.
  static let distanceLimit = 3.5
  /// How far the covariance is drawn towards its diagonal.
  private static let shrinkage = 0.05

  /// How sure the model is against what the reference says of such classes, in standard errors.
  public let sureness: Double
  /// The squared distance of the mean features from the expected ones in their covariance, a dimension; 1 without a shift. Nil
  /// where the reference knows no single classes.
  public let distance: Double?

  /// Whether the pictures are others than those that the model was made for.
  public var isShifted: Bool { sureness < Self.surenessLimit || distance.map { $0 > Self.distanceLimit } ?? false }

  /// Both in words.
  var figures: String {
    let sure = String(format: "it is %+.1f standard errors as sure as of others", sureness)
    return distance.map { sure + String(format: ", features are %.1f times as far away as by chance", $0) } ?? sure
  }

  /// Tests somebody's samples.
  /// - Parameters:
  ///   - reference: what the bundle knows.
  ///   - table: pooled features of the last exit point: averages, then maxima.
  ///   - logits: the classifier's, of all classes.
  ///   - shares: how often the person meets each class, as far as is known.
  /// - Throws: ``PexError`` (malformed) when the covariance cannot be inverted, (defect) when sizes do not fit.
  package init(_ reference: ReferenceStatistics, _ table: FeatureTable, _ logits: LogitTable, shares: [Float]) throws {
    let features = reference.features
    guard features.width == table.width, [1, shares.count].contains(features.classes), table.count == logits.count
    else { throw PexError(.defect, "reference statistics of other features or classes") }
    let isCoarse = features.classes == 1
    let shares = isCoarse ? [1] : shares
    let (sureness, count) = (reference.sureness.floats, Double(table.count))
    let expected = shares.indices.reduce(0.0) { $0 + Double(shares[$1]) * Double(sureness[2 * $1]) }
    let square = shares.indices.reduce(0.0) { $0 + Double(shares[$1]) * Double(sureness[2 * $1 + 1]) }
    let seen = Predictions(logits).confidences.reduce(0.0) { $0 + Double($1) } / count
    // Of a model that is nearly always sure, one doubtful picture in a class without any would be a wonder: what pictures of all
    // classes differ by is the least.
    let variance = max(square - expected * expected, reference.varianceOfSureness, 1e-6)
    self.sureness = (seen - expected) / (variance / count).squareRoot()
    distance = isCoarse ? nil : try Self.distance(features.prefix(features.width / 2), table, shares: shares)
  }

  /// Of the averages alone: maxima are noisier and say the same.
  private static func distance(
    _ features: FeatureStatistics, _ table: FeatureTable, shares: [Float]
  ) throws -> Double {
    let width = features.width
    var difference = [Double](repeating: 0, count: width)
    try table.each(Array(0..<table.count)) { _, row in
      for index in 0..<width { difference[index] += Double(row[index]) / Double(table.count) }
    }
    let means = features.means.floats
    for (number, share) in shares.enumerated() where share > 0 {
      for index in 0..<width { difference[index] -= Double(share) * Double(means[number * width + index]) }
    }
    let solved = try Discriminant(features, shrinkage: shrinkage).solve(difference.map(Float.init))
    let product = zip(difference, solved).reduce(0.0) { $0 + $1.0 * Double($1.1) }
    return product * Double(table.count) / Double(width)
  }
}

extension ReferenceStatistics {
  /// The variance of the largest probability over all pictures.
  fileprivate var varianceOfSureness: Double {
    let (counts, sureness) = (features.counts.floats, sureness.floats)
    let total = max(counts.reduce(0.0) { $0 + Double($1) }, 1)
    let mean = counts.indices.reduce(0.0) { $0 + Double(counts[$1]) * Double(sureness[2 * $1]) } / total
    let square = counts.indices.reduce(0.0) { $0 + Double(counts[$1]) * Double(sureness[2 * $1 + 1]) } / total
    return square - mean * mean
  }
}
