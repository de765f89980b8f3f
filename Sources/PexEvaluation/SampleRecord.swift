import PexRuntime

/// Which answer a figure or a row speaks of.
public enum Place: Hashable, Sendable {
  /// An exit's, or the final classifier's among all of its classes.
  case exit(ExitName)
  /// What policies end in, where that is none of the exits: the final classifier told the heads' classes.
  case lastResort
}

extension Place: CustomStringConvertible {
  /// The exit's number, `final` or `last_resort`.
  public var description: String {
    switch self {
    case .exit(let exit): "\(exit)"
    case .lastResort: "last_resort"
    }
  }
}

/// What one sample was answered by every exit of one candidate.
public struct SampleRecord: Sendable {
  /// One exit's answer.
  public struct Row: Sendable {
    /// Where it comes from.
    public let place: Place
    /// The most probable class; nil when there is none, or nobody named it.
    public let label: String?
    /// Its calibrated probability.
    public let probability: Float?
    /// Whether that is less than was asked for.
    public let isRejected: Bool
    /// One number a class.
    public let logits: [Float]
    /// The names of these classes; nil when nobody named them.
    public let classes: [String]?
    /// What a run to this exit alone took; nil when the sample was not timed.
    public let milliseconds: Double?
    /// Whether each of the candidate's rules took it.
    public let isTaken: [Bool]
  }

  /// By depth; the final classifier and the last resort come last.
  public let rows: [Row]
}
