import Foundation
import PexGraph
import PexTensor

/// Passes in the order in which they run.
public struct Pipeline: Sendable {
  /// What a pipeline did.
  public struct Report: Sendable {
    /// The passes in order, each with the number of places it changed.
    public var changes: [(pass: String, count: Int)]

    /// The report of a pipeline that changed nothing yet.
    public init() { changes = [] }
  }

  private let passes: [any Pass]
  private let verifies: Bool

  /// A pipeline.
  /// - Parameter verify: whether the verifier runs after every pass; when nil, only if `PEX_VERIFY_PASSES` is set.
  public init(_ passes: [any Pass], verify: Bool? = nil) {
    self.passes = passes
    verifies = verify ?? (ProcessInfo.processInfo.environment["PEX_VERIFY_PASSES"] != nil)
  }

  /// The passes that make an imported graph canonical. What they compute is frozen under `canonical_version` in
  /// `Schemas/BUNDLE.md`: prefix digests, and so every head file, depend on it.
  public static func canonical(verify: Bool? = nil) -> Pipeline {
    Pipeline(
      [
        // First, so that no identity hides a pattern from the passes behind it.
        DropIdentities(),
        // Before batch normalisations, because their statistics may be computed from other constants.
        FoldConstants(),
        NestConcats(),
        // Behind constants: it needs every statistic as a number.
        FoldBatchNormalization(),
        // Last, because each of the others leaves dead nodes.
        DropDeadCode(),
      ], verify: verify)
  }

  /// Runs all passes once.
  /// - Throws: ``PexError`` from a pass; (defect) when a pass breaks the graph and verification is on.
  @discardableResult
  public func run(on graph: inout Graph) throws -> Report {
    var report = Report()
    for pass in passes {
      let name = type(of: pass).name
      let count = try naming("pass \(name)") { try pass.run(on: &graph) }
      if verifies {
        do { try graph.verify() } catch let error as PexError {
          throw PexError(.defect, "pass \(name) broke the graph: \(error.message)")
        }
      }
      report.changes.append((name, count))
    }
    return report
  }
}
