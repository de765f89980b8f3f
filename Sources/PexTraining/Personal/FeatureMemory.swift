import PexHeads
import PexRuntime
import PexTensor

extension PersonalTraining.Request {
  /// Bytes of the features that a training keeps in memory for so many samples: pooled ones for linear heads, whole taps
  /// for convolutions, and the original classifier's logits whether they are asked for or not.
  /// - Throws: ``PexError``: as ``HeadPlan/all(_:exits:kind:classes:numbers:earlier:)``; (malformed) when the number
  ///   overflows.
  public func featureBytes(_ model: Model, samples: Int) throws -> Int {
    let plans = try HeadPlan.all(model, exits: exits, kind: kind, classes: [""], numbers: [0])
    let widths = plans.map { plan in
      let specification = plan.specification
      return switch specification.kind {
      case .linear: [specification.featureCount]
      case .conv: [specification.channels] + specification.spatial
      }
    }
    let classes = model.bundle.contents.trunk.classCount ?? 0
    let floats = try widths.reduce(classes) { try $0 + Shape($1).count }
    return try Shape([MemoryLayout<Float>.stride, floats, samples]).count
  }
}
