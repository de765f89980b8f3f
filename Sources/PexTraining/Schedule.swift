/// The options of training with every choice made that was left open.
struct Schedule {
  /// From this many training samples on, fewer strengths of the pull are tried, and a convolution is not trained again.
  static let manySamples = 5000
  /// With fewer held-out samples than this, choosing an epoch by them is worse than taking the last.
  static let fewHeldOut = 50

  let epochs: Int
  let batch: Int
  let rate: Double
  /// Strengths of the pull to try, weakest first.
  let strengths: [Double]
  /// Epochs without a better loss on held-out samples after which training ends.
  let patience: Int
  /// Whether every epoch is a candidate, or the last one only.
  let stopsEarly: Bool
  /// Whether the head trains again on all samples once everything is chosen.
  let refits: Bool
  /// Whether the loss is measured after every epoch, for drawing.
  let recordsLosses: Bool
  let optimizer: TrainingOptions.Optimizer
  let seed: UInt64

  /// The schedule for a linear head on `samples` training samples.
  ///
  /// Few samples get many epochs of small batches, because a step costs next to nothing then.
  init(linear options: TrainingOptions, samples: Int, heldOut: Int) {
    batch = options.batch ?? (samples < 64 ? 8 : samples < 1000 ? 32 : samples < Self.manySamples ? 64 : 128)
    epochs = options.epochs ?? Self.epochs(steps: 1500, samples: samples, batch: batch, within: 20...200)
    rate = options.learningRate ?? (options.optimizer == .adam ? 0.01 : 0.05)
    if let strength = options.weightDecay {
      strengths = [strength]
    } else if samples >= Self.manySamples {
      strengths = [0.05, 0.5]
    } else {
      strengths = heldOut > 0 ? [0.01, 0.1, 0.5, 2] : [0.5]
    }
    patience = max(10, epochs / 3)
    stopsEarly = heldOut >= Self.fewHeldOut
    refits = options.refit && heldOut > 0
    recordsLosses = options.recordsLosses
    optimizer = options.optimizer
    seed = options.seed
  }

  /// The schedule for a convolutional head: one strength, since every run is dear.
  init(convolution options: TrainingOptions, samples: Int, heldOut: Int) {
    batch = options.batch ?? (samples < 64 ? 8 : samples < 1000 ? 16 : 32)
    epochs = options.epochs ?? Self.epochs(steps: 800, samples: samples, batch: batch, within: 10...100)
    rate = options.learningRate ?? (options.optimizer == .adam ? 0.01 : 0.02)
    strengths = [options.weightDecay ?? 0.05]
    patience = max(8, epochs / 3)
    stopsEarly = heldOut >= Self.fewHeldOut
    refits = options.refit && heldOut > 0 && samples < Self.manySamples
    recordsLosses = options.recordsLosses
    optimizer = options.optimizer
    seed = options.seed
  }

  /// As many epochs as make about so many steps.
  private static func epochs(steps: Int, samples: Int, batch: Int, within range: ClosedRange<Int>) -> Int {
    max(range.lowerBound, min(range.upperBound, steps * batch / max(samples, 1)))
  }
}
