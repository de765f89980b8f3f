import PexGraph
import PexTensor

/// Drops nodes and constants that no output depends on. Inputs stay, because users fill them by name.
///
/// Before:
///
///     %unused = unary(%x) {kind=sigmoid}
///     %y = unary(%x) {kind=relu}
///     output %y
///
/// After:
///
///     %y = unary(%x) {kind=relu}
///     output %y
public struct DropDeadCode: Pass {
  public static let name = "drop-dead-code"

  /// The pass.
  public init() {}

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int { graph.removeUnused() }
}
