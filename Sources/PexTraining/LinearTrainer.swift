import CPexKernels
import PexTensor

/// The fully connected layer of a linear head in training: softmax regression on standardised features.
struct LinearTrainer: Trainer {
  private let table: FeatureTable
  private let targets: Targets
  private let standardisation: Standardisation
  /// One over the deviation of each feature.
  private let scale: [Float]
  private var model: SoftmaxRegression
  private var features: [Float] = []
  private var slopes: [Float] = []

  /// - Parameters:
  ///   - rows: the samples that features are standardised by.
  ///   - base: weights on raw features to start from and to be pulled towards; nil to start from zero.
  /// - Throws: ``PexError`` (malformed) when `rows` is empty.
  init(
    _ table: FeatureTable, _ targets: Targets, rows: [Int], classes: Int, base: (weight: [Float], bias: [Float])?,
    optimizer: TrainingOptions.Optimizer
  ) throws {
    self.table = table
    self.targets = targets
    standardisation = try Standardisation(table, rows: rows)
    scale = standardisation.deviation.map { 1 / $0 }
    var start = (
      weight: [Float](repeating: 0, count: classes * table.width), bias: [Float](repeating: 0, count: classes)
    )
    if let base { start = standardisation.unfolded(weight: base.weight, bias: base.bias) }
    model = SoftmaxRegression(weight: start.weight, bias: start.bias, rule: optimizer)
  }

  var weights: [[Float]] {
    get { [model.weight, model.bias] }
    set { if newValue.count == 2 { (model.weight, model.bias) = (newValue[0], newValue[1]) } }
  }

  func parameters() -> [[Float]] {
    let raw = standardisation.folded(weight: model.weight, bias: model.bias)
    return [raw.weight, raw.bias]
  }

  mutating func step(_ rows: [Int], rate: Float, decay: Float) throws {
    let (classes, count) = (model.classes, rows.count)
    if slopes.count < count * classes {
      features = [Float](repeating: 0, count: count * model.pitch)
      slopes = [Float](repeating: 0, count: count * classes)
    }
    try gather(rows, into: &features)
    model.logits(features, count: count, into: &slopes)
    slopes.withUnsafeMutableBufferPointer { slopes in
      for (index, row) in rows.enumerated() {
        let logits = UnsafeMutableBufferPointer(rebasing: slopes[index * classes..<(index + 1) * classes])
        targets.gradient(logits, row, scale: 1 / Float(count))
      }
    }
    model.descend(features, slopes: slopes, count: count, rate: rate, decay: decay)
  }

  func loss(_ rows: [Int]) throws -> Double {
    let (block, classes) = (256, model.classes)
    var features = [Float](repeating: 0, count: min(block, rows.count) * model.pitch)
    var logits = [Float](repeating: 0, count: min(block, rows.count) * classes)
    var values: [Float] = []
    values.reserveCapacity(rows.count * classes)
    for first in stride(from: 0, to: rows.count, by: block) {
      let part = Array(rows[first..<min(first + block, rows.count)])
      try gather(part, into: &features)
      model.logits(features, count: part.count, into: &logits)
      values += logits.prefix(part.count * classes)
    }
    return try targets.loss(LogitTable(classes: classes, values: values, prior: targets.prior), rows)
  }

  /// Standardised copies of some rows, one after the other.
  private func gather(_ rows: [Int], into target: inout [Float]) throws {
    let width = table.width
    let kernels = pex_kernels_default().pointee
    try target.withUnsafeMutableBufferPointer { target in
      guard let to = target.baseAddress else { return }
      try table.each(rows) { position, features in
        kernels.standardise(width, features, standardisation.mean, scale, to + position * model.pitch)
      }
    }
  }
}
