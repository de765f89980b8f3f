import ArgumentParser
import PexBundle
import PexRuntime
import PexTensor

/// Which exits a run takes.
public struct RouteOptions: ParsableArguments {
  @Option(help: ArgumentHelp("One fixed exit by number, final (the last classifier), or all.", valueName: "exit"))
  var exit: String?

  @Option(
    help: ArgumentHelp(
      "confidence:0.8, entropy:0.5, margin:0.3 or patience:2; with numbers of single exits behind it, as in "
        + "confidence:0.8,3=0.6,6=0.7. Given several times, pexeval measures each, pexrun follows the last. Default: what is "
        + "stored with the heads, else final.",
      valueName: "policy"))
  var policy: [String] = []

  @Option(help: ArgumentHelp("Answer with the last exit that is finished after this time.", valueName: "ms"))
  public var deadline: Double?

  @Option(
    help: ArgumentHelp(
      "An answer less probable than this is none of the classes; no early exit is taken with one. Default: every answer "
        + "stands.", valueName: "probability"))
  public var reject: Float?

  /// Options as the command line gives them.
  public init() {}

  /// What was asked for: of several policies the last.
  /// - Throws: ``PexError`` (usage) when options contradict each other or a number is out of range.
  public func choice() throws -> ExitChoice { try choices().last ?? .stored }

  /// All that was asked for, at least one.
  /// - Throws: ``PexError`` (usage) as ``choice()``.
  public func choices() throws -> [ExitChoice] {
    if let deadline, !(deadline > 0) || !deadline.isFinite {
      throw PexError(.usage, "--deadline \(deadline): expected milliseconds above 0")
    }
    if let reject, !(0...1).contains(reject) {
      throw PexError(.usage, "--reject \(reject): expected a probability from 0 to 1")
    }
    guard let exit else {
      let policies = try policy.map { ExitChoice.policy(try PolicyRecord(parsing: $0)) }
      return policies.isEmpty ? [.stored] : policies
    }
    guard policy.isEmpty, deadline == nil else {
      throw PexError(.usage, "--exit names the exit: it does not go with --policy or --deadline")
    }
    switch exit {
    case "final": return [.final]
    case "all": return [.all]
    default:
      guard let number = Int(exit) else { throw PexError(.usage, "--exit \(exit): expected a number, final or all") }
      return [.fixed(number)]
    }
  }
}
