import PexTensor

/// A function of every element alone: activations and plain arithmetic.
public struct Unary: OperationPayload {
  public static let code = 6
  public static let mnemonic = "unary"

  /// The function, each as the ONNX operator of that name defines it.
  public enum Kind: Hashable, Sendable {
    /// max(x, 0).
    case relu
    /// x limited to `minimum…maximum`; NaN stays NaN.
    case clip(minimum: Double, maximum: Double)
    /// 1 / (1 + exp(-x)).
    case sigmoid
    /// x limited after `alpha * x + beta` to 0…1.
    case hardSigmoid(alpha: Double, beta: Double)
    /// x * hardSigmoid(x) with alpha 1/6 and beta 1/2.
    case hardSwish
    /// x, or `alpha * x` below 0.
    case leakyRelu(alpha: Double)
    /// x, or `alpha * (exp(x) - 1)` below 0.
    case elu(alpha: Double)
    /// `gamma` times elu.
    case selu(alpha: Double, gamma: Double)
    /// x, or `alpha * (exp(x / alpha) - 1)` below 0.
    case celu(alpha: Double)
    /// x, or 0 up to `alpha`.
    case thresholdedRelu(alpha: Double)
    /// x * sigmoid(alpha * x).
    case swish(alpha: Double)
    /// x * (1 + erf(x / sqrt(2))) / 2.
    case gelu
    /// The approximation x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2.
    case tanhGelu
    /// x * tanh(softplus(x)).
    case mish
    /// log(1 + exp(x)).
    case softplus
    /// x / (1 + |x|).
    case softsign
    case errorFunction
    case tanh
    case exponential
    case logarithm
    case squareRoot
    case absolute
    case negative
    case reciprocal
    case floor
    case ceil
    /// -1, 0 or 1; NaN stays NaN.
    case sign
    /// To the nearest integer, halves to the even one.
    case round
  }

  private enum Word: String, CaseIterable {
    case relu, clip, sigmoid, tanh, exponential, logarithm, absolute, negative, elu
    case selu, celu, swish, gelu, mish, softplus, softsign, reciprocal, floor, ceil, round, sign
    case hardSigmoid = "hard_sigmoid"
    case hardSwish = "hard_swish"
    case leakyRelu = "leaky_relu"
    case squareRoot = "square_root"
    case thresholdedRelu = "thresholded_relu"
    case tanhGelu = "tanh_gelu"
    case errorFunction = "error_function"
  }

  /// The function.
  public var kind: Kind

  /// A function of every element.
  public init(_ kind: Kind) { self.kind = kind }

  public var attributes: [Attribute] {
    switch kind {
    case .relu: Self.list(.relu)
    case .clip(let minimum, let maximum): Self.list(.clip, ("minimum", minimum), ("maximum", maximum))
    case .sigmoid: Self.list(.sigmoid)
    case .hardSigmoid(let alpha, let beta): Self.list(.hardSigmoid, ("alpha", alpha), ("beta", beta))
    case .hardSwish: Self.list(.hardSwish)
    case .leakyRelu(let alpha): Self.list(.leakyRelu, ("alpha", alpha))
    case .elu(let alpha): Self.list(.elu, ("alpha", alpha))
    case .tanh: Self.list(.tanh)
    case .exponential: Self.list(.exponential)
    case .logarithm: Self.list(.logarithm)
    case .squareRoot: Self.list(.squareRoot)
    case .absolute: Self.list(.absolute)
    case .negative: Self.list(.negative)
    case .selu(let alpha, let gamma): Self.list(.selu, ("alpha", alpha), ("gamma", gamma))
    case .celu(let alpha): Self.list(.celu, ("alpha", alpha))
    case .thresholdedRelu(let alpha): Self.list(.thresholdedRelu, ("alpha", alpha))
    case .swish(let alpha): Self.list(.swish, ("alpha", alpha))
    case .gelu: Self.list(.gelu)
    case .tanhGelu: Self.list(.tanhGelu)
    case .mish: Self.list(.mish)
    case .softplus: Self.list(.softplus)
    case .softsign: Self.list(.softsign)
    case .errorFunction: Self.list(.errorFunction)
    case .reciprocal: Self.list(.reciprocal)
    case .floor: Self.list(.floor)
    case .ceil: Self.list(.ceil)
    case .round: Self.list(.round)
    case .sign: Self.list(.sign)
    }
  }

  private static func list(_ word: Word, _ numbers: (String, Double)...) -> [Attribute] {
    [Attribute("kind", .word(word.rawValue))] + numbers.map { Attribute($0.0, .float($0.1)) }
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    let word: Word = try reader.choice("kind")
    switch word {
    case .relu: kind = .relu
    case .clip: kind = .clip(minimum: try reader.float("minimum"), maximum: try reader.float("maximum"))
    case .sigmoid: kind = .sigmoid
    case .hardSigmoid: kind = .hardSigmoid(alpha: try reader.float("alpha"), beta: try reader.float("beta"))
    case .hardSwish: kind = .hardSwish
    case .leakyRelu: kind = .leakyRelu(alpha: try reader.float("alpha"))
    case .elu: kind = .elu(alpha: try reader.float("alpha"))
    case .tanh: kind = .tanh
    case .exponential: kind = .exponential
    case .logarithm: kind = .logarithm
    case .squareRoot: kind = .squareRoot
    case .absolute: kind = .absolute
    case .negative: kind = .negative
    case .selu: kind = .selu(alpha: try reader.float("alpha"), gamma: try reader.float("gamma"))
    case .celu: kind = .celu(alpha: try reader.float("alpha"))
    case .thresholdedRelu: kind = .thresholdedRelu(alpha: try reader.float("alpha"))
    case .swish: kind = .swish(alpha: try reader.float("alpha"))
    case .gelu: kind = .gelu
    case .tanhGelu: kind = .tanhGelu
    case .mish: kind = .mish
    case .softplus: kind = .softplus
    case .softsign: kind = .softsign
    case .errorFunction: kind = .errorFunction
    case .reciprocal: kind = .reciprocal
    case .floor: kind = .floor
    case .ceil: kind = .ceil
    case .round: kind = .round
    case .sign: kind = .sign
    }
  }

  public var formatVersion: Int {
    switch kind {
    case .relu, .clip, .sigmoid, .hardSigmoid, .hardSwish, .leakyRelu, .elu, .tanh, .exponential, .logarithm,
      .squareRoot, .absolute, .negative:
      1
    case .selu, .celu, .thresholdedRelu, .swish, .gelu, .tanhGelu, .mish, .softplus, .softsign, .errorFunction,
      .reciprocal, .floor, .ceil, .round, .sign:
      4
    }
  }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    return inputs
  }
}
