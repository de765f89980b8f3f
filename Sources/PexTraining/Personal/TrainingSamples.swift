import PexBundle
import PexTensor

/// Samples as training meets them: how many there are, and a way to get each.
public struct TrainingSamples: Sendable {
  /// How many.
  public let count: Int
  /// The label of every sample: the number of its class among the base model's, or nil.
  public let labels: [Int?]
  /// The inputs of one sample, with a batch of one. Called from several threads at a time.
  public let inputs: @Sendable (Int) throws -> [Tensor]
  private let identify: (@Sendable (Int) throws -> Digest)?

  /// Samples.
  /// - Parameter digest: by which a cache knows a sample again, without decoding it where that can be; nil to take that
  ///   of the inputs. Samples with one digest have the same inputs.
  public init(
    labels: [Int?], digest: (@Sendable (Int) throws -> Digest)? = nil,
    inputs: @escaping @Sendable (Int) throws -> [Tensor]
  ) {
    count = labels.count
    self.labels = labels
    self.inputs = inputs
    identify = digest
  }

  /// By what a cache knows a sample again.
  public func digest(_ index: Int) throws -> Digest {
    try identify.map { try $0(index) } ?? Digest(inputs: try inputs(index))
  }
}
