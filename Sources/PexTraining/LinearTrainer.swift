import PexHeads
import PexTensor

/// Trains the linear layer of a head on pooled features: softmax regression on standardised rows, pulled towards the
/// weights it starts from.
///
/// One thread, one order of summation: the same samples, options and seed give the same bytes.
struct LinearTrainer {
  private let table: FeatureTable
  private let labels: [Int]
  private let classes: Int
  private let standardisation: Standardisation
  private let start: SoftmaxRegression
  private let startsFromBase: Bool

  /// What came out of training.
  struct Outcome {
    /// The weights on raw features, `[classes, width]`, and the bias.
    let weight: [Float]
    let bias: [Float]
    /// The epoch that was kept; 0 when no epoch was better than the base head.
    let epoch: Int
    /// The strength of the pull that was kept.
    let strength: Double
    /// Steps taken, those of strengths that were not kept included.
    let steps: Int
  }

  /// - Parameters:
  ///   - rows: the samples that features are standardised by.
  ///   - base: weights on raw features to start from and to be pulled towards; nil to start from zero.
  /// - Throws: ``PexError`` (malformed) when `rows` is empty.
  init(_ table: FeatureTable, rows: [Int], classes: Int, base: (weight: [Float], bias: [Float])?) throws {
    self.table = table
    self.classes = classes
    labels = table.labels.map { $0 ?? 0 }
    startsFromBase = base != nil
    let standardisation = try Standardisation(table, rows: rows)
    self.standardisation = standardisation
    let width = table.width
    start =
      base.map { base in
        let (weight, bias) = standardisation.unfolded(weight: base.weight, bias: base.bias)
        return SoftmaxRegression(width: width, classes: classes, weight: weight, bias: bias)
      } ?? SoftmaxRegression(width: width, classes: classes)
  }

  /// Trains once a strength and keeps the epoch with the lowest loss on held-out samples; the start is a candidate when
  /// it is a base head. Without held-out samples the last epoch of the last strength is kept.
  /// - Throws: ``PexError`` (malformed) when numbers overflow on the way.
  func choose(_ split: Split, schedule: Schedule) throws -> Outcome {
    let held = split.validation.map { labels[$0] }
    var best = Candidate(model: start, epoch: 0, loss: .infinity)
    if startsFromBase, !held.isEmpty { best.loss = try logits(start, rows: split.validation).loss(held) }
    var (kept, steps) = (schedule.strengths.last ?? 0, 0)
    for strength in schedule.strengths {
      let candidate = try run(split, schedule, strength: strength, last: schedule.epochs, steps: &steps)
      guard candidate.loss < best.loss || held.isEmpty else { continue }
      (best, kept) = (candidate, strength)
    }
    return outcome(best, strength: kept, steps: steps)
  }

  /// Trains on all of `rows` with choices made before.
  /// - Throws: ``PexError`` (malformed) when numbers overflow on the way.
  func repeated(_ choice: Outcome, rows: [Int], schedule: Schedule) throws -> Outcome {
    var steps = choice.steps
    let split = Split(training: rows, validation: [])
    let candidate = try run(split, schedule, strength: choice.strength, last: choice.epoch, steps: &steps)
    return outcome(candidate, strength: choice.strength, steps: steps)
  }

  private struct Candidate {
    var model: SoftmaxRegression
    var epoch: Int
    var loss: Double
  }

  private func outcome(_ candidate: Candidate, strength: Double, steps: Int) -> Outcome {
    let (weight, bias) = candidate.model.stored
    let raw = standardisation.folded(weight: weight, bias: bias)
    return Outcome(weight: raw.weight, bias: raw.bias, epoch: candidate.epoch, strength: strength, steps: steps)
  }

  /// One training from the start to epoch `last` of the schedule.
  private func run(
    _ split: Split, _ schedule: Schedule, strength: Double, last: Int, steps: inout Int
  ) throws -> Candidate {
    var model = start
    var best = Candidate(model: start, epoch: 0, loss: .infinity)
    var optimizer = Optimizer(schedule.optimizer, sizes: [model.weight.count, model.bias.count])
    let samples = split.training.count
    let batch = min(schedule.batch, samples)
    var buffers = Buffers(model, batch: batch)
    var generator = SplitMix64(seed: schedule.seed)
    let (total, before) = (Double(schedule.epochs * ((samples + batch - 1) / batch)), steps)
    let held = split.validation.map { labels[$0] }
    for epoch in 1...last {
      let order = generator.permutation(samples)
      for first in stride(from: 0, to: samples, by: batch) {
        let rows = order[first..<min(first + batch, samples)].map { split.training[$0] }
        let rate = cosineRate(schedule.rate, progress: Double(steps - before) / total)
        step(&model, rows, &buffers, &optimizer, rate: rate, decay: Float(strength))
        steps += 1
      }
      guard !held.isEmpty, schedule.stopsEarly || epoch == last else { continue }
      let loss = try logits(model, rows: split.validation).loss(held)
      if loss < best.loss { best = Candidate(model: model, epoch: epoch, loss: loss) }
      if epoch - best.epoch >= schedule.patience { break }
    }
    return held.isEmpty ? Candidate(model: model, epoch: last, loss: .infinity) : best
  }

  /// Memory that every step uses again.
  private struct Buffers {
    var rows: [Float]
    var slopes: [Float]
    var gradient: SoftmaxRegression

    init(_ model: SoftmaxRegression, batch: Int) {
      rows = [Float](repeating: 0, count: batch * model.width)
      slopes = [Float](repeating: 0, count: batch * model.pitch)
      gradient = SoftmaxRegression(width: model.width, classes: model.classes)
    }
  }

  private func step(
    _ model: inout SoftmaxRegression, _ rows: [Int], _ buffers: inout Buffers, _ optimizer: inout Optimizer,
    rate: Float, decay: Float
  ) {
    gather(rows, into: &buffers.rows)
    model.logits(buffers.rows, count: rows.count, into: &buffers.slopes)
    let (pitch, scale) = (model.pitch, 1 / Float(rows.count))
    buffers.slopes.withUnsafeMutableBufferPointer { slopes in
      for (index, row) in rows.enumerated() {
        let logits = UnsafeMutableBufferPointer(rebasing: slopes[index * pitch..<index * pitch + classes])
        crossEntropyGradient(logits, label: labels[row], scale: scale)
      }
    }
    model.gradient(buffers.rows, slopes: buffers.slopes, count: rows.count, into: &buffers.gradient)
    optimizer.beginStep()
    optimizer.move(
      0, &model.weight, gradient: buffers.gradient.weight, anchor: start.weight, rate: rate, decay: decay)
    // The bias carries how often a class occurs, which the samples know better than the start does.
    optimizer.move(1, &model.bias, gradient: buffers.gradient.bias, anchor: start.bias, rate: rate, decay: 0)
  }

  /// Standardised copies of some rows, one after the other.
  private func gather(_ rows: [Int], into target: inout [Float]) {
    let width = table.width
    target.withUnsafeMutableBufferPointer { target in
      table.values.withUnsafeBufferPointer { values in
        standardisation.mean.withUnsafeBufferPointer { mean in
          standardisation.deviation.withUnsafeBufferPointer { deviation in
            for (position, row) in rows.enumerated() {
              for index in 0..<width {
                target[position * width + index] = (values[row * width + index] - mean[index]) / deviation[index]
              }
            }
          }
        }
      }
    }
  }

  private func logits(_ model: SoftmaxRegression, rows: [Int]) throws -> LogitTable {
    let block = 256
    var features = [Float](repeating: 0, count: min(block, rows.count) * table.width)
    var padded = [Float](repeating: 0, count: min(block, rows.count) * model.pitch)
    var values: [Float] = []
    values.reserveCapacity(rows.count * classes)
    for first in stride(from: 0, to: rows.count, by: block) {
      let part = Array(rows[first..<min(first + block, rows.count)])
      gather(part, into: &features)
      model.logits(features, count: part.count, into: &padded)
      for row in part.indices { values += padded[row * model.pitch..<row * model.pitch + classes] }
    }
    return try naming("\(table.tap): training diverged") { try LogitTable(classes: classes, values: values) }
  }
}
