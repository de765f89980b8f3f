import PexGraph
import PexTensor

/// Keras' activation functions by name (`keras.activations`).
enum Activations {
  private typealias Function = @Sendable (LayerContext, Feature) throws -> Feature

  /// Applies what a setting names: a function, or a layer given in its place.
  /// - Throws: ``PexError`` (unsupported) when there is no such function.
  static func apply(_ setting: ConfigValue?, to feature: Feature, _ context: LayerContext) throws -> Feature {
    guard let setting else { return feature }
    if let layer = layer(setting) {
      let inner = LayerContext(
        layer, inputs: [feature], call: LayerConfig.Call(arguments: [], keywords: [:]), weights: LayerWeights([]),
        builder: context.builder, version: context.version, backend: context.backend)
      guard let result = try LayerTable.lower(inner).first else { throw PexError(.defect, "a layer gave nothing") }
      return result
    }
    guard let name = name(setting), let function = functions[name] else {
      throw PexError(.unsupported, "activation \(setting) is not supported")
    }
    return try function(context, feature)
  }

  /// The names of all functions.
  static var names: [String] { functions.keys.sorted() }

  /// The name of a function that is not supported, or nil.
  static func unknown(_ setting: ConfigValue?) -> String? {
    guard let setting, layer(setting) == nil else { return nil }
    guard let name = name(setting) else { return "\(setting)" }
    return functions[name] == nil ? name : nil
  }

  /// A function's name: Keras 3 may write functions as objects.
  private static func name(_ setting: ConfigValue) -> String? {
    setting.text ?? (setting["class_name"]?.text == "function" ? setting["config"]?.text : nil)
  }

  /// Layers without weights can be given as activations.
  private static func layer(_ setting: ConfigValue) -> LayerConfig? {
    guard let className = setting["class_name"]?.text, let settings = setting["config"]?.object,
      ConfigReader.package(className, setting).isEmpty,
      ActivationLayers.rows.contains(where: { $0.className == className && className != "PReLU" })
    else { return nil }
    return LayerConfig(
      className: className, isOperation: false, package: "", name: className, settings: Settings(settings),
      isTrainable: false)
  }

  /// Keras' form of the sparse softmax (Martins and Astudillo 2016): elements less a threshold, at least 0. An element is in the support when 1 plus its rank times itself exceeds the sum of those that are not smaller.
  private static func sparsemax(_ feature: Feature, _ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let value = try builder.natural(feature)
    let extents = builder.type(value).perSample
    guard let count = extents.last, count <= sparseLimit, extents.count >= 2 else {
      throw PexError(.unsupported, "sparsemax over more than \(sparseLimit) elements")
    }
    let leading = Array(extents.dropFirst().dropLast())
    func both(_ kind: Binary.Kind, _ left: ValueID, _ right: ValueID) throws -> ValueID {
      try builder.emit(.binary(Binary(kind)), [left, right])
    }
    func sum(_ value: ValueID) throws -> ValueID {
      let axis = builder.type(value).rank - 1
      return try builder.emit(.reduce(Reduce(.sum, axes: [axis], keepsAxes: true)), [value])
    }
    // Every element against every other one.
    let column = try builder.reshape(value, leading + [count, 1])
    let row = try builder.reshape(value, leading + [1, count])
    let isNotSmaller = try both(.lessOrEqual, column, row)
    let rank = try sum(isNotSmaller)
    let total = try sum(both(.multiply, isNotSmaller, row))
    let bound = try both(.add, both(.multiply, rank, column), builder.scalar(1))
    let support = try builder.reshape(both(.less, total, bound), leading + [count])
    // Keras takes the sum of these sums where the paper has the last one: same as the paper when one element is left.
    let totals = try builder.reshape(total, leading + [count])
    let mass = try both(.subtract, sum(both(.multiply, support, totals)), builder.scalar(1))
    let threshold = try both(.divide, mass, sum(support))
    return Feature(try builder.emit(.unary(Unary(.relu)), [both(.subtract, value, threshold)]))
  }

  /// (x + sqrt(x^2 + b)) / 2.
  static func squareplus(_ feature: Feature, _ bend: Double, _ builder: GraphBuilder) throws -> Feature {
    let square = Feature(try builder.emit(.binary(Binary(.multiply)), [feature.value, feature.value]), feature.order)
    let root = try builder.apply(.squareRoot, builder.combine(.add, square, bend))
    let sum = Feature(try builder.emit(.binary(Binary(.add)), [feature.value, root.value]), feature.order)
    return try builder.combine(.multiply, sum, 0.5)
  }

  /// Elements of which all pairs are compared.
  private static let sparseLimit = 2048

  private static func unary(_ kind: Unary.Kind) -> Function { { try $0.builder.apply(kind, $1) } }

  /// Functions that take a parameter in `keras.ops` have its standard value here.
  private static let functions: [String: Function] = [
    "linear": { _, feature in feature },
    "relu": unary(.relu), "relu6": unary(.clip(minimum: 0, maximum: 6)), "sigmoid": unary(.sigmoid),
    "tanh": unary(.tanh), "exponential": unary(.exponential), "softplus": unary(.softplus),
    "softsign": unary(.softsign), "elu": unary(.elu(alpha: 1)), "celu": unary(.celu(alpha: 1)),
    "selu": unary(.selu(alpha: 1.6732632423543772, gamma: 1.0507009873554805)),
    "swish": unary(.swish(alpha: 1)), "silu": unary(.swish(alpha: 1)), "gelu": unary(.gelu), "mish": unary(.mish),
    "leaky_relu": unary(.leakyRelu(alpha: 0.2)), "hard_silu": unary(.hardSwish), "hard_swish": unary(.hardSwish),
    "hard_tanh": unary(.clip(minimum: -1, maximum: 1)),
    // Keras 3 has the slope of mobile networks, earlier versions that of Theano.
    "hard_sigmoid": { context, feature in
      try context.builder.apply(.hardSigmoid(alpha: context.version >= 3 ? 1.0 / 6 : 0.2, beta: 0.5), feature)
    },
    "log_sigmoid": { context, feature in
      let builder = context.builder
      return try builder.apply(.negative, builder.apply(.softplus, builder.apply(.negative, feature)))
    },
    "tanh_shrink": { context, feature in
      let bent = try context.builder.apply(.tanh, feature)
      return Feature(
        try context.builder.emit(.binary(Binary(.subtract)), [feature.value, bent.value]), feature.order)
    },
    "hard_shrink": { context, feature in
      // x outside of -1/2…1/2, else 0.
      let builder = context.builder
      let isNear = try builder.combine(.lessOrEqual, builder.apply(.absolute, feature), 0.5)
      let value = try builder.emit(.choice(Choice()), [isNear.value, builder.scalar(0), feature.value])
      return Feature(value, feature.order)
    },
    "soft_shrink": { context, feature in
      let builder = context.builder
      let inner = try builder.apply(.clip(minimum: -0.5, maximum: 0.5), feature)
      return Feature(try builder.emit(.binary(Binary(.subtract)), [feature.value, inner.value]), feature.order)
    },
    "squareplus": { try squareplus($1, 4, $0.builder) },
    "sparse_plus": { context, feature in
      // ((clip(x, -1, 1) + 1) / 2)^2 + max(x - 1, 0): 0, then a parabola, then the line x.
      let builder = context.builder
      let shifted = try builder.combine(.add, builder.apply(.clip(minimum: -1, maximum: 1), feature), 1)
      let half = try builder.combine(.multiply, shifted, 0.5)
      let bend = try builder.emit(.binary(Binary(.multiply)), [half.value, half.value])
      let line = try builder.apply(.relu, builder.combine(.subtract, feature, 1))
      return Feature(try builder.emit(.binary(Binary(.add)), [bend, line.value]), feature.order)
    },
    "sparse_sigmoid": { context, feature in
      let builder = context.builder
      let shifted = try builder.combine(.add, builder.apply(.clip(minimum: -1, maximum: 1), feature), 1)
      return try builder.combine(.multiply, shifted, 0.5)
    },
    "sparsemax": { try sparsemax($1, $0) },
    "softmax": { try ActivationLayers.softmax($1, axis: -1, $0) },
    "log_softmax": { try ActivationLayers.softmax($1, axis: -1, logarithm: true, $0) },
    "glu": { context, feature in
      let builder = context.builder
      let value = try builder.natural(feature)
      let type = builder.type(value)
      let last = type.rank - 1
      guard type.perSample[last] % 2 == 0 else { throw PexError(.malformed, "glu: the last axis is odd") }
      let half = type.perSample[last] / 2
      func part(_ start: Int) throws -> ValueID {
        var (starts, dimensions) = (type.dimensions.map { _ in 0 }, type.dimensions)
        (starts[last], dimensions[last]) = (start, .fixed(half))
        return try builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions)), [value])
      }
      let gate = try builder.emit(.unary(Unary(.sigmoid)), [part(half)])
      return Feature(try builder.emit(.binary(Binary(.multiply)), [part(0), gate]))
    },
  ]
}
