import PexGraph
import PexTensor

/// Functions that stand in networks by themselves: nodes of `keras.ops`, and TensorFlow's functions as Keras 2 keeps them.
enum Operations {
  typealias Function = @Sendable (OperationCall) throws -> [Feature]

  /// The name of the function that a layer stands for, as messages show it; nil for a proper layer.
  static func name(of layer: LayerConfig) -> String? {
    switch layer.className {
    case "TFOpLambda", "SlicingOpLambda": "tf.\(layer.settings.value("function")?.text ?? layer.name)"
    default: layer.isOperation ? "ops.\(layer.className)" : nil
    }
  }

  /// What a function does, or nil when it is not supported.
  static func function(of layer: LayerConfig) -> Function? {
    guard let name = name(of: layer)?.split(separator: ".").last else { return nil }
    return functions[name.lowercased().filter { $0 != "_" }]
  }

  /// The names of all functions.
  static var names: [String] { functions.keys.sorted() }

  /// Whether a class of `keras.ops` is a function that is known.
  static func isFunction(_ className: String) -> Bool { functions[className.lowercased()] != nil }

  /// By name in small letters without underscores, which makes both libraries' names the same.
  private static let functions: [String: Function] = elementwise.merging(moving) { first, _ in first }
    .merging(activations) { first, _ in first }

  private static func unary(_ kind: Unary.Kind) -> Function { { [try $0.builder.apply(kind, $0.input())] } }

  private static func binary(_ kind: Binary.Kind) -> Function {
    { call in
      let (left, right) = try call.sides()
      return [try OperationArithmetic.combine(left, right, kind, call.builder)]
    }
  }

  private static func reduction(_ kind: Reduce.Kind) -> Function {
    { [try OperationArithmetic.reduce($0.input(), kind, $0)] }
  }

  private static func activation(_ name: String) -> Function {
    { [try Activations.apply(.text(name), to: $0.input(), $0.context)] }
  }

  private static let elementwise: [String: Function] = [
    "add": binary(.add), "addv2": binary(.add), "subtract": binary(.subtract), "sub": binary(.subtract),
    "multiply": binary(.multiply), "mul": binary(.multiply), "divide": binary(.divide), "div": binary(.divide),
    "truediv": binary(.divide), "truedivide": binary(.divide), "realdiv": binary(.divide),
    "maximum": binary(.maximum), "minimum": binary(.minimum), "power": binary(.power), "pow": binary(.power),
    "negative": unary(.negative), "neg": unary(.negative), "absolute": unary(.absolute), "abs": unary(.absolute),
    "exp": unary(.exponential), "log": unary(.logarithm), "sqrt": unary(.squareRoot), "sign": unary(.sign),
    "floor": unary(.floor), "ceil": unary(.ceil), "round": unary(.round), "erf": unary(.errorFunction),
    "reciprocal": unary(.reciprocal),
    "rsqrt": { [try $0.builder.apply(.reciprocal, $0.builder.apply(.squareRoot, $0.input()))] },
    "square": { call in
      let feature = try call.input()
      return [try OperationArithmetic.combine(.feature(feature), .feature(feature), .multiply, call.builder)]
    },
    "clip": clip, "clipbyvalue": clip,
    "identity": { [try $0.input()] }, "cast": { [try $0.input()] }, "stopgradient": { [try $0.input()] },
    "dropout": { [try $0.input()] },
    "mean": reduction(.mean), "reducemean": reduction(.mean), "sum": reduction(.sum), "reducesum": reduction(.sum),
    "max": reduction(.maximum), "amax": reduction(.maximum), "reducemax": reduction(.maximum),
    "min": reduction(.minimum), "amin": reduction(.minimum), "reducemin": reduction(.minimum),
    "prod": reduction(.product), "reduceprod": reduction(.product),
    "var": { [try OperationArithmetic.variance($0)] }, "reducevariance": { [try OperationArithmetic.variance($0)] },
    "matmul": { call in
      guard case (.feature(let left), .feature(let right)) = try call.sides() else {
        throw PexError(.unsupported, "a product with numbers that are no tensor")
      }
      let inputs = [try call.builder.natural(left), try call.builder.natural(right)]
      return [Feature(try call.builder.emit(.matrixProduct(MatrixProduct()), inputs))]
    },
  ]

  private static let clip: Function = { call in
    guard let low = call.value("x_min", "clip_value_min", "min_value", at: 1)?.number,
      let high = call.value("x_max", "clip_value_max", "max_value", at: 2)?.number
    else { throw PexError(.unsupported, "limits that are no numbers") }
    return [try call.builder.apply(.clip(minimum: low, maximum: high), call.input())]
  }

  private static let activations: [String: Function] = [
    "relu": { call in
      // TensorFlow's keras.activations.relu has a slope, a limit and a threshold.
      let slope = try call.number("alpha", "negative_slope", default: 0)
      let limit = call.value("max_value")?.number
      let standard: Unary.Kind = slope == 0 ? .relu : .leakyRelu(alpha: slope)
      let feature = try call.builder.apply(standard, call.input())
      guard try call.number("threshold", default: 0) == 0 else { throw PexError(.unsupported, "a threshold") }
      return [try limit.map { try call.builder.combine(.minimum, feature, $0) } ?? feature]
    },
    "relu6": activation("relu6"), "sigmoid": activation("sigmoid"), "tanh": activation("tanh"),
    "softplus": activation("softplus"), "softsign": activation("softsign"), "silu": activation("silu"),
    "swish": activation("silu"), "selu": activation("selu"), "mish": activation("mish"),
    "hardsigmoid": activation("hard_sigmoid"), "hardsilu": activation("hard_silu"),
    "hardswish": activation("hard_silu"), "hardtanh": activation("hard_tanh"),
    "logsigmoid": activation("log_sigmoid"), "squareplus": activation("squareplus"),
    "tanhshrink": activation("tanh_shrink"), "sparseplus": activation("sparse_plus"),
    "sparsesigmoid": activation("sparse_sigmoid"),
    "elu": { call in [try call.builder.apply(.elu(alpha: call.number("alpha", default: 1)), call.input())] },
    "celu": { call in [try call.builder.apply(.celu(alpha: call.number("alpha", default: 1)), call.input())] },
    "leakyrelu": { call in
      [try call.builder.apply(.leakyRelu(alpha: call.number("alpha", "negative_slope", default: 0.2)), call.input())]
    },
    "gelu": { call in
      // keras.ops approximates unless told otherwise, TensorFlow does not.
      let isApproximate = call.flag("approximate", default: call.context.layer.isOperation)
      return [try call.builder.apply(isApproximate ? .tanhGelu : .gelu, call.input())]
    },
    "softmax": { [try softmax($0, logarithm: false)] }, "logsoftmax": { [try softmax($0, logarithm: true)] },
  ]

  private static func softmax(_ call: OperationCall, logarithm: Bool) throws -> Feature {
    let axis = try call.integers("axis") ?? [-1]
    guard axis.count == 1 else { throw PexError(.unsupported, "a softmax over several axes") }
    return try ActivationLayers.softmax(call.input(), axis: axis[0], logarithm: logarithm, call.context)
  }

  private static let moving: [String: Function] = [
    "concatenate": concatenate, "concat": concatenate,
    "reshape": { call in
      guard let wanted = try call.integers("newshape", "shape", at: 1), let batch = wanted.first else {
        throw PexError(.malformed, "expected a shape")
      }
      let feature = try call.input()
      let rest = Array(wanted.dropFirst())
      // -1 stands for the batch, or for what is left when the batch is given.
      guard batch == -1 || rest.contains(-1) else { throw PexError(.unsupported, "a reshape that fixes the batch") }
      return [try ShapeLayers.reshape(feature, rest, call.context)]
    },
    "transpose": { call in
      let feature = try call.input()
      guard let order = try call.integers("axes", "perm", at: 1) else {
        throw PexError(.unsupported, "a transposition that moves the batch")
      }
      return [try ShapeLayers.permute(feature, order, call.context)]
    },
    "expanddims": { call in
      let feature = try call.input()
      let extents = call.context.extents(feature)
      guard let axis = try call.integers("axis", at: 1)?.first else { throw PexError(.malformed, "expected an axis") }
      let place = try call.context.axis(axis, of: extents.count + 1)
      guard place > 0 else { throw PexError(.unsupported, "an axis in front of the batch") }
      var wanted = extents
      wanted.insert(1, at: place)
      return [try ShapeLayers.reshape(feature, Array(wanted.dropFirst()), call.context)]
    },
    "squeeze": { call in
      let feature = try call.input()
      let extents = call.context.extents(feature)
      let axes = try call.integers("axis", "squeeze_dims", at: 1)?.map { try call.context.axis($0, of: extents.count) }
      let kept = extents.indices.filter { $0 == 0 || !(axes?.contains($0) ?? (extents[$0] == 1)) }
      return [try ShapeLayers.reshape(feature, kept.dropFirst().map { extents[$0] }, call.context)]
    },
    "flatten": { [try ShapeLayers.reshape($0.input(), [-1], $0.context)] },
    "pad": { [try OperationSlices.pad($0)] }, "padv2": { [try OperationSlices.pad($0)] },
    "getitem": { [try OperationSlices.item($0)] },
    "split": { try OperationSlices.split($0) },
    "stack": { call in
      let features = call.context.inputs
      guard let first = features.first else { throw PexError(.malformed, "expected tensors to stack") }
      let extents = call.context.extents(first)
      let axis = try call.context.axis(try call.integers("axis")?.first ?? 0, of: extents.count + 1)
      guard axis > 0 else { throw PexError(.unsupported, "a stack in front of the batch") }
      var wanted = extents
      wanted.insert(1, at: axis)
      let parts = try features.map { try call.builder.reshape(call.builder.natural($0), Array(wanted.dropFirst())) }
      return [Feature(try call.builder.emit(.concat(Concat(axis: axis)), parts))]
    },
    "maxpool": { [try pool($0, .maximum)] }, "averagepool": { [try pool($0, .average)] },
    "depthtospace": { call in
      let value = try call.builder.natural(call.input())
      let extents = call.builder.type(value).perSample
      guard let block = try call.integers("block_size", at: 1)?.first, (2...256).contains(block), extents.count == 4,
        extents[3] % (block * block) == 0
      else { throw PexError(.malformed, "expected a map whose channels make up square blocks") }
      // Channels are rows and columns of a block, then the channels that stay.
      let channels = extents[3] / (block * block)
      let parted = try call.builder.reshape(value, [extents[1], extents[2], block, block, channels])
      let turned = try call.builder.transpose(parted, [0, 1, 3, 2, 4, 5])
      return [Feature(try call.builder.reshape(turned, [extents[1] * block, extents[2] * block, channels]))]
    },
    "resize": { call in
      guard let size = try call.integers("size", at: 1), size.count == 2,
        size.allSatisfy({ (1...1 << 24).contains($0) })
      else { throw PexError(.malformed, "expected a height and a width") }
      let name = call.value("interpolation", "method")?.text ?? "bilinear"
      var method = try ResizingLayers.method(name)
      method.antialiases = call.flag("antialias", default: false)
      let x = try call.builder.channelsFirst(call.input())
      return [Feature(try ResizingLayers.resize(x, size, method, call.builder), .channelsFirst)]
    },
  ]

  private static let concatenate: Function = { call in
    guard let axis = try call.integers("axis")?.first else { throw PexError(.malformed, "expected an axis") }
    return [try MergeLayers.concatenate(call.context, axis: axis)]
  }

  private static func pool(_ call: OperationCall, _ kind: Pooling.Kind) throws -> Feature {
    let spatial = try call.context.extents(call.input()).count - 2
    guard (1...3).contains(spatial) else { throw PexError(.malformed, "expected a map of one to three spatial axes") }
    return try PoolingLayers.window(call.context, spatial, kind)
  }
}
