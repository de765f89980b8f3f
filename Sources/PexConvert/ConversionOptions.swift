import PexBundle
import PexData
import PexExits
import PexGraph
import PexHeads
import PexTensor

/// What a conversion is asked for.
public struct ConversionOptions: Sendable {
  /// Where exits stand; nil takes up to three at even shares of the work, or a bundle's own.
  public var exits: ExitRequest?
  /// The kind of head at exits that ``headKinds`` does not name; nil takes linear ones, or a bundle's own where it has some.
  public var headKind: HeadKind?
  /// Kinds of heads by exit number.
  public var headKinds: [Int: HeadKind] = [:]
  /// How weights are stored: float32 or float16; nil leaves them as they are.
  public var storage: DType?
  /// One name a class, in the classifier's order; nil leaves a bundle's own.
  public var labels: [String]?
  /// How pictures become inputs; nil leaves a bundle's own.
  public var preprocessing: Preprocessing?
  /// How pictures change their size, whatever ``preprocessing`` says of it; nil takes what the kind of model is used to, or a
  /// bundle's own.
  public var resampling: Resampling?
  /// Which output of a bundle answers, and what its numbers are, where it is to be another; models of other formats are told
  /// when they are opened.
  public var classifier = ClassifierChoice()

  /// The defaults: three exits, linear heads, weights as they are.
  public init() {}
}

/// Which output answers, and what its numbers are, so far as the user says so.
public struct ClassifierChoice: Hashable, Sendable {
  /// The output's name.
  public var output: String?
  /// What its numbers are.
  public var kind: OutputKind?

  /// A choice.
  public init(output: String? = nil, kind: OutputKind? = nil) {
    self.output = output
    self.kind = kind
  }
}
