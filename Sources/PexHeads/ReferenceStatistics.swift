import PexTensor

/// What a model's answers and its last features look like on pictures that trained nothing: what tells whether somebody's
/// pictures are like those that the model was made for, without a label.
public struct ReferenceStatistics: Sendable {
  /// The features of the last exit point, average and then maximum of every channel, by the classes that the model itself
  /// answers; of one class for all where there were too few pictures a class.
  public let features: FeatureStatistics
  /// How sure the model is where it answers a class: mean and mean square of the largest probability, `[classes, 2]`.
  public let sureness: Tensor

  /// Statistics of these numbers.
  /// - Throws: ``PexError`` (malformed) when shapes do not fit each other or a number is no share.
  public init(_ features: FeatureStatistics, sureness: Tensor) throws {
    guard sureness.shape.dimensions == [features.classes, 2], sureness.dtype == .float32, sureness.isFinite,
      sureness.floats.allSatisfy({ $0 >= 0 && $0 <= 1 })
    else {
      throw PexError(
        .malformed, "how sure a model is: expected shares of the shape [\(features.classes),2], found others")
    }
    self.features = features
    self.sureness = sureness
  }

  /// How many pictures there were.
  public var count: Int { Int(min(features.counts.floats.reduce(0, +), 1e15)) }

  /// The names and extents of the tensors: those of ``features``, then ``sureness``.
  public static func parameters(classes: Int, width: Int, rank: Int) -> [HeadSpecification.Parameter] {
    FeatureStatistics.parameters(classes: classes, width: width, rank: rank)
      + [.init(name: "sureness", dimensions: [classes, 2])]
  }
}
