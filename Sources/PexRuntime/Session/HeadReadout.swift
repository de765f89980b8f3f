import PexHeads
import PexTensor

/// A head's fully connected layer and what it reads, looked up once and not on every run.
package struct HeadReadout: Sendable {
  /// Numbers that a head reads: averages and maxima, in this order.
  enum Source: Sendable {
    /// Of the tap at an exit point.
    case tap(exit: Int)
    /// Of what a branch computes of the tap at an exit point.
    case branch(BranchPlan, exit: Int)
  }

  /// What it reads, in the order in which its weights stand: earlier taps with their branches, then its own.
  let sources: [Source]
  /// `[classes, featureCount]`.
  let weight: Tensor
  /// `[classes]`.
  let bias: Tensor
  let classes: Int
  let featureCount: Int
  let multiplyAccumulates: Int

  /// - Parameters:
  ///   - exit: the exit point that the head stands at.
  ///   - convolutions: the branches that it reads, by the exit point whose tap they read.
  /// - Throws: ``PexError`` (defect) when a tensor is missing, or a branch.
  package init(_ head: Head, at exit: Int, _ convolutions: [Int: BranchPlan] = [:]) throws {
    let specification = head.specification
    func branch(at exit: Int) throws -> Source {
      guard let plan = convolutions[exit] else {
        throw PexError(.defect, "a head reads a branch of exit \(exit), and there is none")
      }
      return .branch(plan, exit: exit)
    }
    var sources: [Source] = []
    for tap in specification.earlier {
      sources.append(.tap(exit: tap.exit))
      if tap.branch != nil { sources.append(try branch(at: tap.exit)) }
    }
    if specification.kind != .conv { sources.append(.tap(exit: exit)) }
    if specification.convolutions != nil { sources.append(try branch(at: exit)) }
    self.sources = sources
    weight = try head.parameter("weight")
    bias = try head.parameter("bias")
    classes = specification.classes
    featureCount = specification.featureCount
    multiplyAccumulates = specification.readoutMultiplyAccumulates
  }
}
