import PexRuntime
import PexTensor

extension PersonalTraining.Request {
  /// Bytes of the features that a training keeps in memory for so many samples, the original classifier's logits included,
  /// whether they are asked for or not.
  /// - Throws: ``PexError``: as ``HeadPlan/all(_:exits:kind:classes:numbers:earlier:)``; (malformed) when a size overflows.
  public func featureBytes(_ model: Model, samples: Int) throws -> Int {
    let plans = try HeadPlan.all(model, exits: exits, kind: kind, classes: [""], numbers: [0])
    return FeatureBudget.bytes(try TapColumn.needed(by: plans, wantsFinal: true, model), samples: samples)
  }
}
