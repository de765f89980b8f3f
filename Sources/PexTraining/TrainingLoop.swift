import PexTensor

/// Epochs over samples, and the choice among epochs and strengths on held-out samples.
struct TrainingLoop<Head: Trainer> {
  /// The weights at the start.
  let start: Head
  /// Whether the start is a head worth keeping.
  let startsFromBase: Bool
  let schedule: Schedule
  /// When to end before the schedule does.
  var limits = TrainingLimits()

  /// What came out of training.
  struct Outcome {
    /// The head's tensors on raw taps, in the order of the specification.
    let parameters: [[Float]]
    /// The epoch that was kept; 0 when no epoch was better than the base head.
    let epoch: Int
    /// The strength of the pull that was kept.
    let strength: Double
    /// Steps taken, those of strengths that were not kept included.
    let steps: Int
    /// How the loss moved, when that is recorded.
    let losses: LossHistory?
  }

  /// Trains once a strength and keeps the epoch with the lowest loss on held-out samples; the start is a candidate when
  /// it is a base head. Without held-out samples the last epoch of the last strength is kept. When the time is over, the
  /// best so far counts.
  /// - Throws: ``PexError`` (malformed) when numbers overflow on the way; `CancellationError` when it is cancelled.
  func choose(_ split: Split) throws -> Outcome {
    let held = split.validation
    var best = Candidate(weights: start.weights, epoch: 0, loss: .infinity)
    if startsFromBase, !held.isEmpty { best.loss = try start.loss(held) }
    var (kept, steps) = (schedule.strengths.last ?? 0, 0)
    var (nearest, losses) = (Double.infinity, LossHistory?.none)
    for strength in schedule.strengths {
      var moved = schedule.recordsLosses ? LossHistory() : nil
      let candidate = try run(split, strength: strength, last: schedule.epochs, steps: &steps, losses: &moved)
      if candidate.loss < nearest || losses == nil || held.isEmpty { (nearest, losses) = (candidate.loss, moved) }
      guard candidate.loss < best.loss || held.isEmpty else { continue }
      (best, kept) = (candidate, strength)
      if limits.isOver { break }
    }
    return try outcome(best, strength: kept, steps: steps, losses: losses)
  }

  /// Trains on all of `rows` with choices made before.
  /// - Throws: ``PexError`` (malformed) when numbers overflow on the way; `CancellationError` when it is cancelled.
  func again(_ choice: Outcome, rows: [Int]) throws -> Outcome {
    var steps = choice.steps
    let split = Split(training: rows, validation: [])
    var losses: LossHistory?
    let candidate = try run(split, strength: choice.strength, last: choice.epoch, steps: &steps, losses: &losses)
    return try outcome(candidate, strength: choice.strength, steps: steps, losses: choice.losses)
  }

  private struct Candidate {
    var weights: [[Float]]
    var epoch: Int
    var loss: Double
  }

  private func outcome(_ candidate: Candidate, strength: Double, steps: Int, losses: LossHistory?) throws -> Outcome {
    var head = start
    head.weights = candidate.weights
    return Outcome(
      parameters: try head.parameters(), epoch: candidate.epoch, strength: strength, steps: steps, losses: losses)
  }

  /// One training from the start to epoch `last` of the schedule.
  /// - Parameter losses: takes down how the loss moves; nil: nobody wants to know.
  private func run(
    _ split: Split, strength: Double, last: Int, steps: inout Int, losses: inout LossHistory?
  ) throws -> Candidate {
    var head = start
    var best = Candidate(weights: start.weights, epoch: 0, loss: .infinity)
    var generator = SplitMix64(seed: schedule.seed)
    let (samples, held) = (split.training.count, split.validation)
    let batch = min(schedule.batch, samples)
    let (total, before) = (Double(schedule.epochs * ((samples + batch - 1) / batch)), steps)
    losses?.record(head, split)
    var isOver = false
    for epoch in stride(from: 1, through: last, by: 1) {
      let order = generator.permutation(samples)
      for first in stride(from: 0, to: samples, by: batch) {
        try limits.check()
        isOver = limits.isOver
        if isOver { break }
        let rows = order[first..<min(first + batch, samples)].map { split.training[$0] }
        let rate = cosineRate(schedule.rate, progress: Double(steps - before) / total)
        try head.step(rows, rate: rate, decay: Float(strength))
        steps += 1
      }
      losses?.record(head, split)
      limits.report(Double(epoch) / Double(last + 1))
      guard !held.isEmpty else { if isOver { break } else { continue } }
      guard schedule.stopsEarly || epoch == last || isOver else { continue }
      let loss = try naming("training diverged") { try head.loss(held) }
      if loss < best.loss { best = Candidate(weights: head.weights, epoch: epoch, loss: loss) }
      if isOver || epoch - best.epoch >= schedule.patience { break }
    }
    return held.isEmpty ? Candidate(weights: head.weights, epoch: last, loss: .infinity) : best
  }
}
