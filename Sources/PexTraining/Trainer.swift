/// A head in training, in whatever coordinates train best: what ``TrainingLoop`` drives.
///
/// A value: a copy is a snapshot, optimiser included. One thread and one order of summation, so the same samples,
/// options and seed give the same bytes.
protocol Trainer {
  /// The numbers that training moves.
  var weights: [[Float]] { get set }
  /// The head's tensors on raw taps that ``weights`` stand for, in the order of the specification.
  /// - Throws: `PexError` (malformed) when numbers overflowed.
  func parameters() throws -> [[Float]]

  /// Moves the weights along the mean gradient of the cross-entropy over some samples.
  ///
  /// - Parameters:
  ///   - rows: samples, each with a label.
  ///   - rate: the step's length.
  ///   - decay: the strength of the pull towards the weights that training began with.
  /// - Throws: `PexError` (malformed) when numbers overflow.
  mutating func step(_ rows: [Int], rate: Float, decay: Float) throws

  /// The mean cross-entropy over some samples, in nats.
  /// - Throws: `PexError` (malformed) when numbers overflow.
  func loss(_ rows: [Int]) throws -> Double
}
