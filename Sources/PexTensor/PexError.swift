/// An error that a user of pex can act on: what went wrong, where, what was expected and what was found.
///
/// Every module throws this one type, so that the programs turn any failure into an exit status and one clear line.
public struct PexError: Error, Hashable, Sendable {
  /// What a failure means for the caller; each kind has its exit status in the programs.
  public enum Kind: CaseIterable, Sendable {
    /// The request itself makes no sense (exit status 64).
    case usage
    /// A file is malformed or damaged, or data is unusable (65).
    case malformed
    /// Numbers are not finite where only finite ones mean something: the sample's fault, not the model's (65).
    case notFinite
    /// An input is missing or cannot be read (66).
    case unreadable
    /// An operator, layer or attribute is not supported by this version (69).
    case unsupported
    /// A defect of pex (70).
    case defect
    /// There is no memory left (70).
    case exhausted
    /// An output cannot be created (73).
    case cannotCreate
    /// Reading or writing failed midway (74).
    case inputOutput
    /// Verification found a difference beyond tolerance (76).
    case mismatch
    /// A head file does not belong to this trunk (77).
    case refused
  }

  /// The kind of failure.
  public var kind: Kind
  /// One line: file, node or section, what was expected, what was found.
  public var message: String
  /// The next step to take, if there is one.
  public var hint: String?

  /// An error of the given kind.
  public init(_ kind: Kind, _ message: String, hint: String? = nil) {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// The same error with the place where it happened written in front: `file: node: message`.
  public func at(_ place: String) -> PexError {
    PexError(kind, "\(place): \(message)", hint: hint)
  }
}

extension PexError: CustomStringConvertible {
  public var description: String { hint.map { "\(message) (hint: \($0))" } ?? message }
}

/// Runs `body` and names `place` in front of any ``PexError`` that it throws.
public func naming<Result>(_ place: @autoclosure () -> String, _ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let error as PexError { throw error.at(place()) }
}
