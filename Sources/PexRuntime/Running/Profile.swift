/// What one step of a run took.
public struct StepTiming: Hashable, Sendable {
  /// The name of the node that does the work.
  public var name: String
  /// The words of the step's nodes in the text form, joined by `+`.
  public var mnemonic: String
  /// How it is computed, in a word: `reference` is the plain interpreter, for what no kernel does. `in strips` says
  /// that it was computed together with its neighbours, some rows at a time.
  public var kernel: String
  /// The segment it belongs to.
  public var segment: Int
  /// Multiply-accumulates for one sample.
  public var multiplyAccumulates: Int
  /// Wall-clock time in nanoseconds.
  public var nanoseconds: Int
}
