import CPexKernels
import Foundation

/// Multinomial logistic regression that departs from known logits: a sample's logits are `offset + W x`, and W is the one
/// that minimises `Σ weight · CE(target, softmax(offset + W x)) + λ/2 |W|²`. With λ beyond all bounds the offsets stay.
///
/// Convex, so there is one answer. Targets are probabilities: one for a label, anything for what a teacher says.
package struct LogisticRegression {
  /// The numbers of the samples that are learned from.
  private let count: Int
  private let classes: Int
  private let width: Int
  private let rows: [Float]
  private let offsets: [Float]
  private let targets: [Float]
  private let weights: [Float]
  /// Which classes' rows move; the others stay zero.
  private let moving: [Bool]

  /// - Parameters:
  ///   - rows: of all samples.
  ///   - samples: which of them are learned from.
  ///   - offsets: `[all samples, classes]`.
  ///   - targets: `[all samples, classes]`, each row with the sum 1.
  ///   - weights: one number of at least 0 a sample.
  ///   - moving: which classes' rows move.
  package init(
    _ rows: RegressionRows, _ samples: [Int], offsets: [Float], targets: [Float], weights: [Float], moving: [Bool]
  ) {
    let classes = moving.count
    func picked(_ values: [Float], _ width: Int) -> [Float] {
      var result: [Float] = []
      result.reserveCapacity(samples.count * width)
      for sample in samples { result += values[sample * width..<(sample + 1) * width] }
      return result
    }
    (count, self.classes, width, self.moving) = (samples.count, classes, rows.width, moving)
    self.rows = picked(rows.values, rows.width)
    self.offsets = picked(offsets, classes)
    self.targets = picked(targets, classes)
    self.weights = picked(weights, 1)
  }

  /// The layer `[classes, width]` for a strength λ of at least 0.
  /// - Parameters:
  ///   - start: where the search begins.
  ///   - isOver: see ``LimitedMemoryBFGS/minimum(from:isOver:_:)``.
  package func layer(
    strength: Double, from start: [Float], isOver: () throws -> Bool = { false }
  ) rethrows -> (weight: [Float], iterations: Int) {
    var slopes = [Float](repeating: 0, count: count * classes)
    let minimum = try LimitedMemoryBFGS().minimum(from: start, isOver: isOver) { point, gradient in
      loss(point, strength, &slopes, &gradient)
    }
    return (minimum.point, minimum.iterations)
  }

  private func loss(
    _ weight: [Float], _ strength: Double, _ slopes: inout [Float], _ gradient: inout [Float]
  ) -> Double {
    let kernels = pex_kernels_default().pointee
    kernels.layer_logits(
      count, classes, width, width, rows, weight, [Float](repeating: 0, count: classes), &slopes)
    var sum = 0.0
    slopes.withUnsafeMutableBufferPointer { slopes in
      for sample in 0..<count {
        let row = UnsafeMutableBufferPointer(rebasing: slopes[sample * classes..<(sample + 1) * classes])
        sum += Double(weights[sample]) * crossEntropy(row, sample)
      }
    }
    for index in gradient.indices { gradient[index] = Float(strength) * weight[index] }
    kernels.add_product(classes, count, width, slopes, 1, classes, rows, width, &gradient, width)
    for row in 0..<classes where !moving[row] {
      for index in row * width..<(row + 1) * width { gradient[index] = 0 }
    }
    let square = weight.withUnsafeBufferPointer { dotProduct($0, $0) }
    return sum + strength / 2 * square
  }

  /// The loss of a sample, whose logits are replaced by the weighed gradient.
  private func crossEntropy(_ row: UnsafeMutableBufferPointer<Float>, _ sample: Int) -> Double {
    let first = sample * classes
    var largest = -Float.infinity
    for index in row.indices {
      row[index] += offsets[first + index]
      largest = max(largest, row[index])
    }
    var (sum, wanted): (Float, Float) = (0, 0)
    for index in row.indices {
      wanted += targets[first + index] * (row[index] - largest)
      row[index] = exp(row[index] - largest)
      sum += row[index]
    }
    let (factor, weight) = (1 / sum, weights[sample])
    for index in row.indices { row[index] = weight * (row[index] * factor - targets[first + index]) }
    return Double(log(sum) - wanted)
  }
}

extension RegressionRows {
  /// `offset + W x` of some samples, one row each.
  package func logits(_ weight: [Float], _ samples: [Int], offsets: [Float], classes: Int) -> [Float] {
    var result = [Float](repeating: 0, count: samples.count * classes)
    let zeros = [Float](repeating: 0, count: classes)
    let kernels = pex_kernels_default().pointee
    values.withUnsafeBufferPointer { values in
      result.withUnsafeMutableBufferPointer { result in
        guard let rows = values.baseAddress, let to = result.baseAddress else { return }
        for (position, sample) in samples.enumerated() {
          let row = to + position * classes
          kernels.layer_logits(1, classes, width, width, rows + sample * width, weight, zeros, row)
          for index in 0..<classes { row[index] += offsets[sample * classes + index] }
        }
      }
    }
    return result
  }
}
