import PexTensor

/// What the pooled features of one tap look like over many people's samples: what a personal head can lean on when a person
/// has shown next to nothing.
///
/// Features are those of ``HeadKind/linear``, averages and then maxima of every channel, and behind them, where the exit has a
/// branch, the same of what that computes: `F` numbers. Within a class they spread with the covariance
/// `diag(residual) + factorᵀ factor`, the same for all classes.
public struct FeatureStatistics: Sendable {
  /// The most rows that ``factor`` may have.
  public static let mostRank = 512

  /// How many samples each class's mean stands for, `[classes]`.
  public let counts: Tensor
  /// The mean of each class, `[classes, F]`.
  public let means: Tensor
  /// The variance that ``factor`` leaves unexplained, `[F]`.
  public let residual: Tensor
  /// `[rank, F]`; its products with itself are the covariance but for ``residual``.
  public let factor: Tensor

  /// Statistics of these numbers.
  /// - Throws: ``PexError`` (malformed) when shapes do not fit each other, a number is not finite, or a count or variance
  ///   is negative.
  public init(counts: Tensor, means: Tensor, residual: Tensor, factor: Tensor) throws {
    let shapes = [counts, means, residual, factor].map(\.shape.dimensions)
    guard shapes[0].count == 1, shapes[2].count == 1, shapes[1] == [shapes[0][0], shapes[2][0]], shapes[3].count == 2,
      shapes[3][1] == shapes[2][0], shapes[3][0] <= Self.mostRank, shapes[2][0] % 2 == 0, shapes[0][0] > 0,
      [counts, means, residual, factor].allSatisfy({ $0.dtype == .float32 })
    else { throw PexError(.malformed, "statistics of the shapes \(shapes) do not fit each other") }
    guard counts.isFinite, means.isFinite, residual.isFinite, factor.isFinite,
      counts.floats.allSatisfy({ $0 >= 0 }), residual.floats.allSatisfy({ $0 >= 0 })
    else { throw PexError(.malformed, "statistics hold numbers that are not finite, or counts or variances below 0") }
    self.counts = counts
    self.means = means
    self.residual = residual
    self.factor = factor
  }

  /// How many classes have a mean.
  public var classes: Int { counts.count }
  /// Numbers a row of features.
  public var width: Int { residual.count }
  /// Rows of ``factor``.
  public var rank: Int { factor.shape.dimensions[0] }

  /// The statistics of the first features alone.
  /// - Parameter count: 1 or more, at most ``width``, even.
  /// - Throws: ``PexError`` (malformed) when the count is out of range.
  public func prefix(_ count: Int) throws -> FeatureStatistics {
    guard count != width else { return self }
    guard count > 0, count < width else {
      throw PexError(.malformed, "statistics of \(width) features say nothing about \(count)")
    }
    func rows(_ tensor: Tensor, _ rows: Int) throws -> Tensor {
      let numbers = tensor.floats
      return try Tensor([rows, count], (0..<rows).flatMap { numbers[$0 * width..<$0 * width + count] })
    }
    return try FeatureStatistics(
      counts: counts, means: rows(means, classes), residual: Tensor([count], Array(residual.floats.prefix(count))),
      factor: rows(factor, rank))
  }

  /// The tensors in the order in which files hold them.
  public var tensors: [Tensor] { [counts, means, residual, factor] }

  /// The names and extents of the tensors of statistics of so many classes, features and rows.
  public static func parameters(classes: Int, width: Int, rank: Int) -> [HeadSpecification.Parameter] {
    [
      .init(name: "counts", dimensions: [classes]), .init(name: "means", dimensions: [classes, width]),
      .init(name: "residual", dimensions: [width]), .init(name: "factor", dimensions: [rank, width]),
    ]
  }
}
