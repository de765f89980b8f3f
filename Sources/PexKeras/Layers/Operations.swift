import PexGraph
import PexTensor

/// Functions that stand in networks by themselves: nodes of `keras.ops`, and TensorFlow's functions as Keras 2 keeps them.
enum Operations {
  /// The name of the function that a layer stands for, as messages show it; nil for a proper layer.
  static func name(of layer: LayerConfig) -> String? {
    switch layer.className {
    case "TFOpLambda", "SlicingOpLambda": "tf.\(layer.settings.value("function")?.text ?? layer.name)"
    default: layer.isOperation ? "ops.\(layer.className)" : nil
    }
  }

  /// What a function does, or nil when it is not supported.
  static func row(of layer: LayerConfig) -> FunctionRow? {
    // Pictures were sampled at other places before TensorFlow 2.
    guard let name = name(of: layer), !name.hasPrefix("tf.compat.v1.image."), let last = name.split(separator: ".").last
    else { return nil }
    return functions[last.lowercased().filter { $0 != "_" }]
  }

  /// The names of all functions.
  static var names: [String] { functions.keys.sorted() }

  /// Whether a class of `keras.ops` is a function that is known.
  static func isFunction(_ className: String) -> Bool { functions[className.lowercased()] != nil }

  /// By name in small letters without underscores, which makes both libraries' names the same.
  private static let functions: [String: FunctionRow] = [
    elementwise, comparisons, reductions, activations, OperationShapes.functions, pictures,
  ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  static func unary(_ kind: Unary.Kind) -> FunctionRow {
    FunctionRow { [try $0.builder.apply(kind, $0.input())] }
  }

  private static func binary(_ kind: Binary.Kind, turned: Bool = false, inverted: Bool = false) -> FunctionRow {
    FunctionRow(numbers: .computed) { call in
      let (left, right) = try call.sides()
      let result = try OperationArithmetic.combine(turned ? right : left, turned ? left : right, kind, call.builder)
      return [inverted ? try OperationArithmetic.inverted(result, call.builder) : result]
    }
  }

  private static let elementwise: [String: FunctionRow] = [
    "add": binary(.add), "addv2": binary(.add), "subtract": binary(.subtract), "sub": binary(.subtract),
    "multiply": binary(.multiply), "mul": binary(.multiply), "divide": binary(.divide), "div": binary(.divide),
    "truediv": binary(.divide), "truedivide": binary(.divide), "realdiv": binary(.divide),
    "maximum": binary(.maximum), "minimum": binary(.minimum), "power": binary(.power), "pow": binary(.power),
    "negative": unary(.negative), "neg": unary(.negative), "absolute": unary(.absolute), "abs": unary(.absolute),
    "exp": unary(.exponential), "log": unary(.logarithm), "sqrt": unary(.squareRoot), "sign": unary(.sign),
    "floor": unary(.floor), "ceil": unary(.ceil), "erf": unary(.errorFunction), "reciprocal": unary(.reciprocal),
    "round": FunctionRow(fixed: ["decimals": .number(0)]) { [try $0.builder.apply(.round, $0.input())] },
    "rsqrt": FunctionRow { [try $0.builder.apply(.reciprocal, $0.builder.apply(.squareRoot, $0.input()))] },
    "square": FunctionRow { call in
      let feature = try call.input()
      return [try OperationArithmetic.combine(.feature(feature), .feature(feature), .multiply, call.builder)]
    },
    "clip": clip, "clipbyvalue": clip,
    "identity": FunctionRow(numbers: .kept) { [try $0.input()] },
    "stopgradient": FunctionRow(numbers: .kept) { [try $0.input()] },
    "cast": FunctionRow(numbers: .computed) { [try OperationArithmetic.cast($0)] },
    "matmul": FunctionRow(inert: ["a_is_sparse", "b_is_sparse"]) { [try OperationArithmetic.product($0)] },
    "biasadd": FunctionRow { call in
      let isLast = try call.isChannelsLast()
      let (left, right) = try call.sides()
      guard case .feature(let value) = left, isLast || call.builder.extents(value).count == 2 else {
        throw ArgumentRules.refusal("data_format", "NCHW")
      }
      return [try OperationArithmetic.combine(left, right, .add, call.builder)]
    },
  ]

  private static let clip = FunctionRow { call in
    guard let low = call.value("x_min", "clip_value_min", "min_value", at: 1)?.number,
      let high = call.value("x_max", "clip_value_max", "max_value", at: 2)?.number
    else { throw PexError(.unsupported, "limits that are no numbers") }
    return [try call.builder.apply(.clip(minimum: low, maximum: high), call.input())]
  }

  private static let comparisons: [String: FunctionRow] = [
    "less": binary(.less), "greater": binary(.less, turned: true), "lessequal": binary(.lessOrEqual),
    "greaterequal": binary(.lessOrEqual, turned: true), "equal": binary(.equal),
    "notequal": binary(.equal, inverted: true),
    "where": FunctionRow(numbers: .computed) { [try OperationArithmetic.choose($0)] },
    "logicaland": truths(.multiply), "logicalor": truths(.maximum),
    "logicalnot": FunctionRow(numbers: .computed) { call in
      let truth = try call.input()
      guard truth.numbers == .truth else { throw PexError(.unsupported, "the opposite of what is no truth") }
      return [try OperationArithmetic.inverted(truth, call.builder)]
    },
    "threshold": FunctionRow { call in
      // What is not above the threshold becomes another number.
      let feature = try call.input()
      let limit = try call.builder.scalar(call.number("threshold", default: 0))
      let isNot = try call.builder.emit(.binary(Binary(.lessOrEqual)), [feature.value, limit])
      let other = try call.builder.scalar(call.number("default_value", default: 0))
      return [Feature(try call.builder.emit(.choice(Choice()), [isNot, other, feature.value]), feature.order)]
    },
  ]

  /// A function of two truths.
  private static func truths(_ kind: Binary.Kind) -> FunctionRow {
    FunctionRow(numbers: .computed) { call in
      let (left, right) = try call.sides()
      guard case .feature(let first) = left, case .feature(let second) = right, first.numbers == .truth,
        second.numbers == .truth, call.builder.extents(first).count == call.builder.extents(second).count
      else { throw PexError(.unsupported, "logic of what is no truth") }
      let result = try MergeLayers.combine([first, second], kind, call.builder)
      return [Feature(result.value, result.order, .truth)]
    }
  }

  private static func reduction(_ kind: Reduce.Kind) -> FunctionRow {
    FunctionRow { [try OperationReductions.reduce($0.input(), kind, $0)] }
  }

  private static let variance = FunctionRow { [try OperationReductions.variance($0)] }

  private static let deviation = FunctionRow {
    [try $0.builder.apply(.squareRoot, OperationReductions.variance($0))]
  }

  private static let reductions: [String: FunctionRow] = [
    "mean": reduction(.mean), "reducemean": reduction(.mean), "sum": reduction(.sum), "reducesum": reduction(.sum),
    "max": reduction(.maximum), "amax": reduction(.maximum), "reducemax": reduction(.maximum),
    "min": reduction(.minimum), "amin": reduction(.minimum), "reducemin": reduction(.minimum),
    "prod": reduction(.product), "reduceprod": reduction(.product),
    "var": variance, "reducevariance": variance, "std": deviation, "reducestd": deviation,
    "norm": FunctionRow { [try OperationReductions.norm($0)] },
    "l2normalize": FunctionRow { [try OperationReductions.unit($0)] },
    "normalize": FunctionRow { call in
      guard call.context.layer.isOperation else {
        throw PexError(.unsupported, "TensorFlow's normalize gives two tensors")
      }
      return [try OperationReductions.normalize(call)]
    },
  ]

  private static func activation(_ name: String) -> FunctionRow {
    FunctionRow { [try Activations.apply(.text(name), to: $0.input(), $0.context)] }
  }

  private static let activations: [String: FunctionRow] = [
    "relu": FunctionRow { call in
      // TensorFlow's keras.activations.relu has a slope, a limit and a threshold.
      let slope = try call.number("alpha", "negative_slope", default: 0)
      let limit = call.value("max_value")?.number
      let standard: Unary.Kind = slope == 0 ? .relu : .leakyRelu(alpha: slope)
      let feature = try call.builder.apply(standard, call.input())
      guard try call.number("threshold", default: 0) == 0 else { throw PexError(.unsupported, "a threshold") }
      return [try limit.map { try call.builder.combine(.minimum, feature, $0) } ?? feature]
    },
    "silu": FunctionRow { [try $0.builder.apply(.swish(alpha: $0.number("beta", default: 1)), $0.input())] },
    "swish": FunctionRow { [try $0.builder.apply(.swish(alpha: $0.number("beta", default: 1)), $0.input())] },
    "squareplus": FunctionRow { [try Activations.squareplus($0.input(), $0.number("b", default: 4), $0.builder)] },
    "relu6": activation("relu6"), "sigmoid": activation("sigmoid"), "tanh": activation("tanh"),
    "softplus": activation("softplus"), "softsign": activation("softsign"),
    "selu": activation("selu"), "mish": activation("mish"),
    "hardsigmoid": activation("hard_sigmoid"), "hardsilu": activation("hard_silu"),
    "hardswish": activation("hard_silu"), "hardtanh": activation("hard_tanh"),
    "logsigmoid": activation("log_sigmoid"), "tanhshrink": activation("tanh_shrink"),
    "sparseplus": activation("sparse_plus"), "sparsesigmoid": activation("sparse_sigmoid"),
    "elu": FunctionRow { [try $0.builder.apply(.elu(alpha: $0.number("alpha", default: 1)), $0.input())] },
    "celu": FunctionRow { [try $0.builder.apply(.celu(alpha: $0.number("alpha", default: 1)), $0.input())] },
    "leakyrelu": FunctionRow { call in
      let slope = try call.number("alpha", "negative_slope", default: 0.2)
      return [try call.builder.apply(.leakyRelu(alpha: slope), call.input())]
    },
    "gelu": FunctionRow { call in
      // keras.ops approximates unless told otherwise, TensorFlow does not.
      let isApproximate = call.flag("approximate", default: call.context.layer.isOperation)
      return [try call.builder.apply(isApproximate ? .tanhGelu : .gelu, call.input())]
    },
    "softmax": FunctionRow { [try softmax($0, logarithm: false)] },
    "logsoftmax": FunctionRow { [try softmax($0, logarithm: true)] },
  ]

  private static func softmax(_ call: OperationCall, logarithm: Bool) throws -> Feature {
    // Null is over the whole batch in Keras, and the last axis in TensorFlow.
    guard !call.context.layer.isOperation || !call.context.settings.isNull("axis") else {
      throw ArgumentRules.refusal("axis", "null")
    }
    let axis = try call.integers("axis") ?? [-1]
    guard axis.count == 1 else { throw PexError(.unsupported, "argument 'axis': a softmax over several axes") }
    return try ActivationLayers.softmax(call.input(), axis: axis[0], logarithm: logarithm, call.context)
  }

  private static func pool(_ kind: Pooling.Kind) -> FunctionRow {
    FunctionRow { [try OperationPictures.pool($0, kind)] }
  }

  private static let localResponse = FunctionRow { [try OperationPictures.localResponse($0)] }

  private static let pictures: [String: FunctionRow] = [
    "maxpool": pool(.maximum), "maxpool1d": pool(.maximum), "maxpool2d": pool(.maximum), "maxpool3d": pool(.maximum),
    "averagepool": pool(.average), "avgpool": pool(.average), "avgpool1d": pool(.average),
    "avgpool2d": pool(.average), "avgpool3d": pool(.average),
    "depthtospace": FunctionRow(numbers: .kept) { [try OperationPictures.blocks($0, intoSpace: true)] },
    "spacetodepth": FunctionRow(numbers: .kept) { [try OperationPictures.blocks($0, intoSpace: false)] },
    "resize": FunctionRow { [try OperationPictures.resize($0)] },
    "centralcrop": FunctionRow(numbers: .kept) { [try OperationPictures.centralCrop($0)] },
    "rgbtograyscale": FunctionRow { [try OperationPictures.grayscale($0)] },
    "localresponsenormalization": localResponse, "lrn": localResponse,
  ]
}
