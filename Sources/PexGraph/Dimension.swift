/// One extent of a value: a number, or the symbolic batch.
///
/// The batch is always the outermost axis. It stays symbolic in files; the runtime computes one sample at a time.
public enum Dimension: Hashable, Sendable {
  /// The number of samples, unknown until a run.
  case batch
  /// A known extent.
  case fixed(Int)

  /// The extent for one sample: the batch counts as 1.
  public var perSample: Int {
    switch self {
    case .batch: 1
    case .fixed(let extent): extent
    }
  }
}

extension Dimension: ExpressibleByIntegerLiteral {
  /// The literal as it stands.
  public init(integerLiteral value: Int) { self = .fixed(value) }
}

extension Dimension: CustomStringConvertible {
  public var description: String {
    switch self {
    case .batch: "N"
    case .fixed(let extent): String(extent)
    }
  }
}
