import PexTensor

extension Recurrent {
  /// A function of a recurrent cell, as ONNX `LSTM` lists them, and some more that Keras' layers may have.
  public struct Function: Hashable, Sendable {
    /// Which function, of settings a and b.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
      /// a * x + b.
      case affine
      /// max(x, 0).
      case relu
      /// x, or a * x below 0.
      case leakyRelu = "leaky_relu"
      /// x, or 0 up to a.
      case thresholdedRelu = "thresholded_relu"
      case tanh
      /// a * tanh(b * x).
      case scaledTanh = "scaled_tanh"
      case sigmoid
      /// a * x + b limited to 0…1.
      case hardSigmoid = "hard_sigmoid"
      /// x, or a * (exp(x) - 1) below 0.
      case elu
      /// x / (1 + |x|).
      case softsign
      /// log(1 + exp(x)).
      case softplus
      /// b times elu.
      case selu
      case exponential
      /// x * sigmoid(x).
      case swish
      /// x * (1 + erf(x / sqrt(2))) / 2.
      case gelu
    }

    /// Which function.
    public var kind: Kind
    /// The setting a; 0 where the function has none.
    public var alpha: Double
    /// The setting b; 0 where the function has none.
    public var beta: Double

    /// A function with its settings.
    public init(_ kind: Kind, alpha: Double = 0, beta: Double = 0) {
      (self.kind, self.alpha, self.beta) = (kind, alpha, beta)
    }

    /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing.
    init(from reader: inout AttributeReader, _ name: String) throws {
      kind = try reader.choice(name)
      alpha = try reader.float("\(name)_alpha")
      beta = try reader.float("\(name)_beta")
    }

    func attributes(named name: String) -> [Attribute] {
      [
        Attribute(name, .word(kind.rawValue)), Attribute("\(name)_alpha", .float(alpha)),
        Attribute("\(name)_beta", .float(beta)),
      ]
    }

    /// The same function as an operation of its own; nil of those two that are several.
    public var unary: Unary.Kind? {
      switch kind {
      case .affine, .scaledTanh: nil
      case .relu: .relu
      case .leakyRelu: .leakyRelu(alpha: alpha)
      case .thresholdedRelu: .thresholdedRelu(alpha: alpha)
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .hardSigmoid: .hardSigmoid(alpha: alpha, beta: beta)
      case .elu: .elu(alpha: alpha)
      case .softsign: .softsign
      case .softplus: .softplus
      case .selu: .selu(alpha: alpha, gamma: beta)
      case .exponential: .exponential
      case .swish: .swish(alpha: 1)
      case .gelu: .gelu
      }
    }
  }
}
