import PexHeads
import PexTensor

/// The fully connected layer of a linear head in training: softmax regression on standardised features.
struct LinearTrainer: Trainer {
  private let table: FeatureTable
  private let targets: Targets
  private let standardisation: Standardisation
  private let anchor: SoftmaxRegression
  private var model: SoftmaxRegression
  private var optimizer: Optimizer
  private var features: [Float] = []
  private var slopes: [Float] = []
  private var gradient: SoftmaxRegression

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
    let zero = SoftmaxRegression(width: table.width, classes: classes)
    if let base {
      let (weight, bias) = standardisation.unfolded(weight: base.weight, bias: base.bias)
      anchor = SoftmaxRegression(width: table.width, classes: classes, weight: weight, bias: bias)
    } else {
      anchor = zero
    }
    (model, gradient) = (anchor, zero)
    self.optimizer = Optimizer(optimizer, sizes: [zero.weight.count, zero.bias.count])
  }

  var weights: [[Float]] {
    get { [model.weight, model.bias] }
    set { if newValue.count == 2 { (model.weight, model.bias) = (newValue[0], newValue[1]) } }
  }

  var parameters: [[Float]] {
    let (weight, bias) = model.stored
    let raw = standardisation.folded(weight: weight, bias: bias)
    return [raw.weight, raw.bias]
  }

  mutating func step(_ rows: [Int], rate: Float, decay: Float) {
    reserve(rows.count)
    gather(rows, into: &features)
    model.logits(features, count: rows.count, into: &slopes)
    let (pitch, classes, scale) = (model.pitch, model.classes, 1 / Float(rows.count))
    slopes.withUnsafeMutableBufferPointer { slopes in
      for (index, row) in rows.enumerated() {
        let logits = UnsafeMutableBufferPointer(rebasing: slopes[index * pitch..<index * pitch + classes])
        targets.gradient(logits, row, scale: scale)
      }
    }
    model.gradient(features, slopes: slopes, count: rows.count, into: &gradient)
    optimizer.beginStep()
    optimizer.move(0, &model.weight, gradient: gradient.weight, anchor: anchor.weight, rate: rate, decay: decay)
    // The bias carries how often a class occurs, which the samples know better than the start does.
    optimizer.move(1, &model.bias, gradient: gradient.bias, anchor: anchor.bias, rate: rate, decay: 0)
  }

  func loss(_ rows: [Int]) throws -> Double {
    let (block, classes) = (256, model.classes)
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
    return try targets.loss(LogitTable(classes: classes, values: values, prior: targets.prior), rows)
  }

  private mutating func reserve(_ rows: Int) {
    guard slopes.count < rows * model.pitch else { return }
    features = [Float](repeating: 0, count: rows * table.width)
    slopes = [Float](repeating: 0, count: rows * model.pitch)
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
}
