import Foundation
import PexHeads
import PexTensor

/// Brings a person's features to where general samples of the same classes lie: every feature gets the mean and the deviation
/// that the bundle's statistics expect of the classes that the person meets.
///
/// It needs no labels, only the classes' shares, and helps where a camera or a light moves all features alike (Li et al. 2016,
/// "Revisiting batch normalization for practical domain adaptation", arXiv 1603.04779, does so within a network). Where
/// nothing is shifted it can only add noise, so somebody has to ask ``shift`` or labels first.
public struct FeatureAlignment: Sendable {
  /// Above this ``shift`` the person's features are taken for shifted. Of people without a shift none of twenty comes near
  /// with 20 samples a class or more.
  public static let shiftLimit = 0.1

  /// The mean over all features of the squared distance between the person's mean and the expected one, in expected
  /// variances, less what as many samples without a shift would show: 0 and less mean none.
  public let shift: Double
  private let factor: [Double]
  private let offset: [Double]

  /// - Parameters:
  ///   - statistics: of each tap that the head reads, in the order of its features.
  ///   - table: the person's features; those of taps one behind the other.
  ///   - shares: how often the person meets each class of the statistics, with the sum 1.
  /// - Throws: ``PexError``: malformed when there are no samples; defect when the statistics are of other features.
  public init(_ statistics: [FeatureStatistics], table: FeatureTable, shares: [Float]) throws {
    guard statistics.reduce(0, { $0 + $1.width }) == table.width, statistics.allSatisfy({ $0.classes == shares.count })
    else { throw PexError(.defect, "\(table.tap): statistics of other features or classes") }
    let own = try Standardisation(table, rows: Array(0..<table.count))
    let spreads = statistics.map { $0.spread(shares) }
    let (means, deviations) = (spreads.flatMap(\.mean).map(Double.init), spreads.flatMap(\.deviation).map(Double.init))
    // A feature that general samples hardly move says nothing about a shift.
    let floor = 0.01 * (deviations.reduce(0) { $0 + $1 * $1 } / Double(max(deviations.count, 1))).squareRoot()
    let distances = means.indices.map { (Double(own.mean[$0]) - means[$0]) / max(deviations[$0], floor, 1e-6) }
    shift = distances.reduce(0) { $0 + $1 * $1 } / Double(max(means.count, 1)) - 1 / Double(table.count)
    factor = means.indices.map { max(deviations[$0], floor, 1e-6) / Double(own.deviation[$0]) }
    let factors = factor
    offset = means.indices.map { means[$0] - Double(own.mean[$0]) * factors[$0] }
  }

  private init(shift: Double, factor: [Double], offset: [Double]) {
    (self.shift, self.factor, self.offset) = (shift, factor, offset)
  }

  /// Part of the way.
  /// - Parameter trust: 0 to 1.
  func weighed(by trust: Double) -> FeatureAlignment {
    FeatureAlignment(
      shift: shift, factor: factor.map { 1 + trust * ($0 - 1) }, offset: offset.map { trust * $0 })
  }

  /// Whether the person's features lie elsewhere than expected.
  public var isShifted: Bool { shift > Self.shiftLimit }

  /// The head that gives on the person's features what `head` gives on aligned ones: the alignment is folded into its fully
  /// connected layer, in double, rounded once.
  /// - Returns: nil for heads that do not read pooled features of taps alone.
  /// - Throws: ``PexError`` (defect) when the head reads another number of features.
  public func aligned(_ head: Head) throws -> Head? {
    guard [.linear, .multitap, .branch].contains(head.specification.kind) else { return nil }
    let width = factor.count
    guard head.specification.featureCount == width else {
      throw PexError(.defect, "an alignment of \(width) features for a head of \(head.specification.featureCount)")
    }
    var (weight, bias) = (try head.parameter("weight").floats, try head.parameter("bias").floats)
    for row in bias.indices {
      var sum = Double(bias[row])
      for index in 0..<width {
        let value = Double(weight[row * width + index])
        sum += value * offset[index]
        weight[row * width + index] = Float(value * factor[index])
      }
      bias[row] = Float(sum)
    }
    return try Head(head.specification, numbers: [weight, bias], temperature: head.temperature).reading(head.branches)
  }
}
