import CPexKernels
import PexGraph

/// A function that a kernel applies to its results on the way.
struct Activation: Sendable {
  let function: pex_activation

  private init(_ function: pex_unary, _ a: Float = 0, _ b: Float = 0) {
    self.function = pex_activation(function: function, a: a, b: b)
  }

  /// Leaves the results as they are.
  static let none = Activation(pex_clamp, -.infinity, .infinity)
  /// `x * sigmoid(x)`.
  static let swish = Activation(pex_swish)

  /// The function as the kernels know it, or nil when they do not.
  init?(_ kind: Unary.Kind) {
    switch kind {
    case .relu: self.init(pex_clamp, 0, .infinity)
    case .clip(let minimum, let maximum): self.init(pex_clamp, Float(minimum), Float(maximum))
    case .sigmoid: self.init(pex_sigmoid)
    case .hardSigmoid(let alpha, let beta): self.init(pex_hard_sigmoid, Float(alpha), Float(beta))
    case .hardSwish: self.init(pex_hard_swish)
    case .leakyRelu(let alpha): self.init(pex_leaky_relu, Float(alpha))
    case .exponential: self.init(pex_exponential)
    case .absolute: self.init(pex_absolute)
    case .negative: self.init(pex_negative)
    case .squareRoot: self.init(pex_square_root)
    case .swish(let alpha) where alpha == 1: self.init(pex_swish)
    case .tanh: self.init(pex_tanh)
    case .errorFunction: self.init(pex_error_function)
    case .gelu: self.init(pex_gelu)
    case .elu(let alpha): self.init(pex_elu, Float(alpha))
    case .logarithm, .selu, .celu, .thresholdedRelu, .swish, .tanhGelu, .mish, .softplus, .softsign,
      .reciprocal, .floor, .ceil, .round, .sign:
      return nil
    }
  }

  /// The product of a gate with its own argument: `x * gate(x)`, or nil when no kernel knows it.
  init?(gate: Unary.Kind) {
    switch gate {
    case .sigmoid: self = .swish
    case .hardSigmoid(let alpha, let beta) where Float(alpha) == 1 / 6 && beta == 0.5: self.init(pex_hard_swish)
    default: return nil
    }
  }
}
