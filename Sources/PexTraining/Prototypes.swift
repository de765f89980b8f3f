import Foundation
import PexHeads
import PexTensor

/// A head that keeps one mean of features a class: one sample is enough to add a class, and no class forgets another. With
/// statistics of general samples every class's weights follow from its own mean, the statistics and the length named below
/// alone; without them the spread of the person's samples stands in, so that weights move a little with every sample, while
/// means and counts do not.
///
/// Answers are those of linear discriminant analysis (Fisher 1936): with the covariance S within classes, a class of mean m has
/// the logit `mᵀ S⁻¹ x - mᵀ S⁻¹ m / 2`. Means of classes that general samples have shown start from there and move with the
/// person's samples, as the mean of a normal distribution does whose prior counts as ``anchorWeight`` samples.
///
/// The mean of few samples lies too far out, which makes `mᵀ S⁻¹ m` too large by about one dimension's worth a sample; for a
/// class that only the person has shown, means are therefore compared by direction: brought to the length that the known
/// classes have on average under S⁻¹ (nearest by cosine in whitened features).
public struct Prototypes: Sendable {
  /// The mean of each class, `[classes, F]`.
  public private(set) var means: [Float]
  /// How many samples each mean stands for; the prior's weight included.
  public private(set) var counts: [Float]
  private let width: Int
  private let covariance: Discriminant
  /// Classes whose mean began with general samples.
  private let known: [Bool]

  /// How many of the person's samples the general mean of a class is worth, unless something else is said. Five pictures of a
  /// class say less about where most of its pictures lie than the general mean does, unless everything is shifted.
  public static let anchorWeight: Float = 50

  /// Prototypes before a sample of the person was seen.
  ///
  /// - Parameters:
  ///   - statistics: of general samples; nil when the bundle has none: the spread of `features` then stands in.
  ///   - classes: for each class of the head its number in `statistics`, nil for a class that is new.
  ///   - features: the person's samples, for their spread where nothing else is known.
  ///   - start: an earlier prototype head of the same classes, whose means and counts are gone on from.
  ///   - anchorWeight: how many of the person's samples the general mean of a class is worth.
  /// - Throws: ``PexError`` (malformed) when there are neither statistics nor samples, or a class has no such number.
  public init(
    _ statistics: FeatureStatistics?, classes: [Int?], features: FeatureTable, start: Head? = nil,
    anchorWeight: Float = Self.anchorWeight
  ) throws {
    width = features.width
    let general = statistics.flatMap { $0.width == features.width ? $0 : nil }
    let seen = general?.counts.floats ?? []
    guard classes.allSatisfy({ $0.map(seen.indices.contains) ?? true }) || general == nil else {
      throw PexError(.malformed, "classes \(classes) of statistics of \(seen.count)")
    }
    known = classes.map { number in number.map { general != nil && seen[$0] > 0 } ?? false }
    let rows = general?.means.floats ?? []
    let width = width
    means = zip(classes, known).flatMap { number, isKnown -> [Float] in
      guard isKnown, let number else { return [Float](repeating: 0, count: width) }
      return Array(rows[number * width..<(number + 1) * width])
    }
    counts = known.map { $0 ? anchorWeight : 0 }
    if let start, start.specification.kind == .prototype, start.specification.featureCount == width,
      start.specification.classes == classes.count
    {
      means = try start.parameter("mean").floats
      counts = try start.parameter("count").floats.map { max(0, $0) }
    }
    covariance = try general.map { try Discriminant($0) } ?? Discriminant(spreadOf: features)
  }

  /// The same with other weight on the general means, where no sample of the person was seen yet.
  func anchored(_ weight: Float) -> Prototypes {
    var result = self
    result.counts = known.map { $0 ? weight : 0 }
    return result
  }

  /// Moves a class's mean by one sample.
  public mutating func add(_ features: ArraySlice<Float>, class number: Int) {
    guard counts.indices.contains(number), features.count == width else { return }
    counts[number] += 1
    let share = 1 / counts[number]
    for (index, value) in features.enumerated() {
      means[number * width + index] += share * (value - means[number * width + index])
    }
  }

  /// The head's tensors in the order of its specification: mean, count, weight, bias.
  public func parameters() -> [[Float]] {
    let rows = counts.indices.map { Array(means[$0 * width..<($0 + 1) * width]) }
    var whitened = rows.map(covariance.solve)
    var lengths = zip(rows, whitened).map { zip($0, $1).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    let reference = zip(lengths, known).filter(\.1).map(\.0)
    if !reference.isEmpty {
      let typical = reference.reduce(0, +) / Double(reference.count)
      for index in rows.indices where !known[index] && lengths[index] > 0 {
        let factor = Float((typical / lengths[index]).squareRoot())
        whitened[index] = whitened[index].map { $0 * factor }
        lengths[index] = typical
      }
    }
    return [means, counts, whitened.flatMap { $0 }, lengths.map { Float(-$0 / 2) }]
  }
}

extension Head {
  /// A prototype head whose means stand for at most so many samples each, so that a person's can still move them; any other
  /// head as it is.
  func limitingCounts(to most: Float = Prototypes.anchorWeight) throws -> Head {
    guard specification.kind == .prototype else { return self }
    let numbers = zip(specification.parameters, parameters).map { parameter, tensor in
      parameter.name == "count" ? tensor.floats.map { min($0, most) } : tensor.floats
    }
    return try Head(specification, numbers: numbers, temperature: temperature)
  }
}

/// Solves with a covariance `(1 - s) C + s diag(C)`, which is safe to invert where C was seen in too few samples: a fixed share s
/// of the way to independent features (Friedman 1989, "Regularized discriminant analysis").
struct Discriminant: Sendable {
  /// How far the covariance is drawn towards its diagonal.
  private static let shrinkage = 0.1
  /// One over the diagonal part.
  private let inverse: [Double]
  /// `[rank, F]`.
  private let factor: [Double]
  /// The Cholesky factor of `1 + factor inverse factorᵀ`, `[rank, rank]`, lower.
  private let core: [Double]

  /// - Throws: ``PexError`` (malformed) when the numbers allow no inverse.
  init(_ statistics: FeatureStatistics, shrinkage: Double = Self.shrinkage) throws {
    try self.init(
      residual: statistics.residual.floats.map(Double.init), factor: statistics.factor.floats.map(Double.init),
      shrinkage: shrinkage)
  }

  /// Where nothing is known about the spread within classes: that of all samples, each feature by itself.
  /// - Throws: ``PexError`` (malformed) when there are no samples.
  init(spreadOf table: FeatureTable) throws {
    let spread = try Standardisation(table, rows: Array(0..<table.count)).deviation
    try self.init(
      residual: spread.map { Double($0) * Double($0) }, factor: [],
      shrinkage: Self.shrinkage)
  }

  private init(residual: [Double], factor: [Double], shrinkage: Double) throws {
    let width = residual.count
    var variance = residual
    for (index, value) in factor.enumerated() { variance[index % width] += value * value }
    let floor = max(1e-12, 1e-4 * variance.reduce(0, +) / Double(max(width, 1)))
    let keep = 1 - shrinkage
    inverse = zip(residual, variance).map { 1 / max(floor, keep * $0 + shrinkage * $1) }
    let scaled = factor.map { $0 * keep.squareRoot() }
    self.factor = scaled
    let rank = width > 0 ? factor.count / width : 0
    var core = [Double](repeating: 0, count: rank * rank)
    for row in 0..<rank {
      for column in 0...row {
        var sum = row == column ? 1.0 : 0.0
        for index in 0..<width { sum += scaled[row * width + index] * inverse[index] * scaled[column * width + index] }
        core[row * rank + column] = sum
      }
    }
    guard choleskyInPlace(&core, rank) else { throw PexError(.malformed, "a covariance that cannot be inverted") }
    self.core = core
  }

  /// The covariance's inverse times a vector, by the formula of Woodbury (1950).
  func solve(_ vector: [Float]) -> [Float] {
    let (width, rank) = (inverse.count, inverse.isEmpty ? 0 : factor.count / inverse.count)
    let scaled = zip(vector, inverse).map { Double($0) * $1 }
    var inner = (0..<rank).map { row in
      (0..<width).reduce(0.0) { $0 + factor[row * width + $1] * scaled[$1] }
    }
    for row in 0..<rank {
      for column in 0..<row { inner[row] -= core[row * rank + column] * inner[column] }
      inner[row] /= core[row * rank + row]
    }
    for row in stride(from: rank - 1, through: 0, by: -1) {
      for below in row + 1..<max(rank, row + 1) { inner[row] -= core[below * rank + row] * inner[below] }
      inner[row] /= core[row * rank + row]
    }
    return (0..<width).map { index in
      let sum = (0..<rank).reduce(0.0) { $0 + factor[$1 * width + index] * inner[$1] }
      return Float(scaled[index] - inverse[index] * sum)
    }
  }
}

/// Replaces the lower half of a symmetric matrix by its Cholesky factor.
/// - Returns: whether the matrix is positive definite.
private func choleskyInPlace(_ matrix: inout [Double], _ size: Int) -> Bool {
  for row in 0..<size {
    for column in 0...row {
      var sum = matrix[row * size + column]
      for index in 0..<column { sum -= matrix[row * size + index] * matrix[column * size + index] }
      if row == column {
        guard sum > 0, sum.isFinite else { return false }
        matrix[row * size + row] = sum.squareRoot()
      } else {
        matrix[row * size + column] = sum / matrix[column * size + column]
      }
    }
  }
  return true
}
