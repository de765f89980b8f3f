import PexGraph

/// One thing that a run does: a node of the graph, several that are computed together, or a change of layout.
struct Step: Sendable {
  /// The name of the first node, which does the work.
  let name: String
  /// The words of its nodes in the text form, joined by `+`.
  let mnemonic: String
  /// Multiply-accumulates for one sample.
  let multiplyAccumulates: Int
  /// What is read besides packed constants: values that own their memory, or constants.
  var inputs: [Stored]
  /// What is written.
  let outputs: [Stored]
  /// How it is computed.
  var kernel: any StepKernel
}

/// What a run does on the way from one tap to the next.
struct Segment: Sendable {
  /// In the order in which they run.
  var steps: [Step] = []
  /// Constants that the steps read, or that the segment gives out: each once.
  var constants: [ValueID] = []
}
