import PexBundle
import PexData
import PexExits
import PexGraph
import PexHeads
import PexTensor

/// What a conversion is asked for.
public struct ConversionOptions: Sendable {
  /// Where exits stand; nil takes up to three at even shares of the work.
  public var exits: ExitRequest?
  /// The kind of head at exits that ``headKinds`` does not name.
  public var headKind: HeadKind = .linear
  /// Kinds of heads by exit number.
  public var headKinds: [Int: HeadKind] = [:]
  /// How weights are stored: float32 or float16.
  public var storage: DType = .float32
  /// One name a class, in the classifier's order.
  public var labels: [String]?
  /// How pictures become inputs.
  public var preprocessing: Preprocessing?

  /// The defaults: three exits, linear heads, float32.
  public init() {}
}
