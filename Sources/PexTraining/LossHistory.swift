/// How the loss of a head moved in training, for drawing.
///
/// Of the run that was kept, up to the epoch where it stopped; where the base head was kept, of the run that came
/// nearest to it. The loss is the one that training lowers, without the pull towards the start.
public struct LossHistory: Hashable, Sendable {
  /// Training samples whose loss is measured after an epoch, at most.
  public static let measuredSamples = 256

  /// The mean loss in nats over at most ``measuredSamples`` training samples, spread evenly over all of them, always the
  /// same ones: before training, then after every epoch. Infinite where numbers overflowed.
  public private(set) var training: [Double] = []
  /// The same over all held-out samples; empty when there are none.
  public private(set) var validation: [Double] = []

  /// What the numbers stand for, one behind the other.
  public enum Step: Hashable, Sendable {
    /// Passes over the samples.
    case epoch
    /// Strengths of a departure from what is known, strongest first: each is a training to its end.
    case strength
  }

  /// What a step is.
  public private(set) var step = Step.epoch
  /// The place of what was kept among the numbers; nil where the report's epoch says it.
  public private(set) var kept: Int?

  init() {}

  /// Of departures from what is known.
  /// - Parameters:
  ///   - held: mean losses of held-out samples: without a departure, then by strength.
  ///   - kept: the place of the one that was taken.
  init(departures held: [Double], kept: Int) { (validation, step, self.kept) = (held, .strength, kept) }

  /// Takes down losses that somebody else measured.
  mutating func record(training loss: Double, held: Double?) {
    training.append(loss)
    if let held { validation.append(held) }
  }

  /// Takes down the loss of a head as it is now. What overflows is no failure here: training decides about that.
  mutating func record(_ head: some Trainer, _ split: Split) {
    let count = split.training.count
    let measured = min(count, Self.measuredSamples)
    let rows = (0..<measured).map { split.training[$0 * count / measured] }
    training.append((try? head.loss(rows)) ?? .infinity)
    guard !split.validation.isEmpty else { return }
    validation.append((try? head.loss(split.validation)) ?? .infinity)
  }
}
