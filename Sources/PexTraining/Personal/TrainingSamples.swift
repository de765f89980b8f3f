import PexBundle
import PexTensor

/// Samples as training meets them: how many there are, and a way to get each.
public struct TrainingSamples: Sendable {
  /// How many.
  public let count: Int
  /// The label of every sample: the number of its class among the base model's, or nil.
  public let labels: [Int?]
  /// The inputs of one sample, with a batch of one. Called from several threads at a time. A sample for which this or
  /// ``digest(_:)`` throws ``UnreadableSample`` is left out; whatever else they throw ends the training.
  public let inputs: @Sendable (Int) throws -> [Tensor]
  /// Whether a sample is left out as well for which the network computes numbers that are not finite; else that ends the
  /// training.
  public let isForgiven: @Sendable (Int) -> Bool
  private let identify: (@Sendable (Int) throws -> Digest)?
  private let naming: @Sendable (Int) -> String

  /// Samples.
  /// - Parameter digest: by which a cache knows a sample again, without decoding it where that can be; nil to take that
  ///   of the inputs. Samples with one digest have the same inputs.
  /// - Parameter name: what messages call a sample; by default its number.
  /// - Parameter isForgiven: see there; by default no sample is.
  public init(
    labels: [Int?], digest: (@Sendable (Int) throws -> Digest)? = nil,
    name: @escaping @Sendable (Int) -> String = { "sample \($0)" },
    isForgiven: @escaping @Sendable (Int) -> Bool = { _ in false },
    inputs: @escaping @Sendable (Int) throws -> [Tensor]
  ) {
    count = labels.count
    self.labels = labels
    self.inputs = inputs
    identify = digest
    naming = name
    self.isForgiven = isForgiven
  }

  /// What messages call a sample.
  public func name(_ index: Int) -> String { naming(index) }

  /// By what a cache knows a sample again.
  public func digest(_ index: Int) throws -> Digest {
    try identify.map { try $0(index) } ?? Digest(inputs: try inputs(index))
  }
}

/// A sample that cannot be read, among others that can: training goes on without it.
public struct UnreadableSample: Error, Hashable, Sendable {
  /// What messages call it.
  public let name: String
  /// Why, naming the sample.
  public let reason: PexError

  /// A sample that cannot be read for a reason that names it.
  public init(_ name: String, _ reason: PexError) { (self.name, self.reason) = (name, reason) }
}
