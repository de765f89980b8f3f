import PexGraph
import PexTensor

/// One rewriting of a graph that keeps what the graph computes.
public protocol Pass: Sendable {
  /// A word for messages and reports.
  static var name: String { get }
  /// Rewrites the graph.
  /// - Returns: how many places were changed.
  /// - Throws: ``PexError`` when a constant cannot be computed.
  func run(on graph: inout Graph) throws -> Int
}
