import CPexKernels
import Foundation
import PexHeads

/// Moves weights along gradients: momentum, or AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101).
///
/// Decay is decoupled from the gradient in both and pulls towards an anchor instead of zero (L2-SP, Li et al. 2018,
/// arXiv 1802.01483). Every weight is moved by itself, so the result does not depend on the order.
struct Optimizer {
  private let rule: TrainingOptions.Optimizer
  private var first: [[Float]]
  private var second: [[Float]]
  private var step = 0

  /// The same rule for a kernel, in step `step` from 1.
  static func descent(
    _ rule: TrainingOptions.Optimizer, step: Int, rate: Float, decay: Float
  ) -> pex_descent {
    pex_descent(
      adam: rule == .adam ? 1 : 0, rate: rate, decay: min(rate * decay, 1),
      first_correction: Float(1 / (1 - pow(0.9, Double(step)))),
      second_correction: Float(1 / (1 - pow(0.999, Double(step)))))
  }

  /// Nothing moved yet; `sizes` are the numbers of weights of each tensor.
  init(_ rule: TrainingOptions.Optimizer, sizes: [Int]) {
    self.rule = rule
    first = sizes.map { [Float](repeating: 0, count: $0) }
    second = rule == .adam ? first : []
  }

  /// Begins a step; ``move(_:_:gradient:anchor:rate:decay:)`` is then called once a tensor.
  mutating func beginStep() { step += 1 }

  /// Moves one tensor. All arrays have its size; `anchor` is what decay pulls towards.
  mutating func move(
    _ tensor: Int, _ weights: inout [Float], gradient: [Float], anchor: [Float], rate: Float, decay: Float
  ) {
    let decay = min(rate * decay, 1)
    switch rule {
    case .sgd:
      for index in weights.indices {
        first[tensor][index] = 0.9 * first[tensor][index] + gradient[index]
        weights[index] -= rate * first[tensor][index] + decay * (weights[index] - anchor[index])
      }
    case .adam:
      moveAdam(tensor, &weights, gradient: gradient, anchor: anchor, rate: rate, decay: decay)
    }
  }

  private mutating func moveAdam(
    _ tensor: Int, _ weights: inout [Float], gradient: [Float], anchor: [Float], rate: Float, decay: Float
  ) {
    let firstCorrection = Float(1 / (1 - pow(0.9, Double(step))))
    let secondCorrection = Float(1 / (1 - pow(0.999, Double(step))))
    let count = weights.count
    weights.withUnsafeMutableBufferPointer { weights in
      first[tensor].withUnsafeMutableBufferPointer { first in
        second[tensor].withUnsafeMutableBufferPointer { second in
          gradient.withUnsafeBufferPointer { gradient in
            anchor.withUnsafeBufferPointer { anchor in
              for index in 0..<count {
                let slope = gradient[index]
                let mean = 0.9 * first[index] + 0.1 * slope
                let square = 0.999 * second[index] + 0.001 * (slope * slope)
                first[index] = mean
                second[index] = square
                let length = mean * firstCorrection / ((square * secondCorrection).squareRoot() + 1e-8)
                weights[index] -= rate * length + decay * (weights[index] - anchor[index])
              }
            }
          }
        }
      }
    }
  }
}

/// The step length at `progress` (0 to 1) of training: a half cosine from `first` to zero (Loshchilov and Hutter 2017,
/// arXiv 1608.03983).
func cosineRate(_ first: Double, progress: Double) -> Float {
  Float(first * 0.5 * (1 + cos(Double.pi * progress)))
}
