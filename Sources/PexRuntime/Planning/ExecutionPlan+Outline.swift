import PexGraph

/// One thing that a plan does, for people.
public struct PlannedStep: Hashable, Sendable {
  /// The name of the node that does the work.
  public let name: String
  /// The words of the step's nodes in the text form, joined by `+`; `reorder` is a change of layout.
  public let mnemonic: String
  /// How it is computed, in a word; see ``StepTiming/kernel``.
  public let kernel: String
  /// The segment it belongs to: the tap on the way to which it runs, or the tail behind them.
  public let segment: Int
  /// Multiply-accumulates for one sample.
  public let multiplyAccumulates: Int
  /// The values that it reads besides packed constants, each the one that owns the memory.
  public let inputs: [ValueID]
  /// The values that it gives.
  public let outputs: [ValueID]
}

extension ExecutionPlan {
  /// What the plan does, in the order in which it runs. Neighbours may be computed together, some rows at a time.
  public var outline: [PlannedStep] {
    segments.enumerated().flatMap { number, segment in
      segment.steps.map { step in
        PlannedStep(
          name: step.name, mnemonic: step.mnemonic, kernel: step.kernel.title, segment: number,
          multiplyAccumulates: step.multiplyAccumulates, inputs: step.inputs.map(\.value),
          outputs: step.outputs.map(\.value))
      }
    }
  }
}
