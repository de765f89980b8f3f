import PexGraph
import PexTensor

/// Normalisation by stored statistics or by a sample's own.
enum NormalizationLayers {
  static let rows: [LayerRow] = [
    batchRow("BatchNormalization"), batchRow("SyncBatchNormalization"),
    LayerRow("LayerNormalization", weights: layerWeights) { context in
      try layer(context, isRootMeanSquare: context.settings.flag("rms_scaling", default: false))
    },
    LayerRow("RMSNormalization", weights: scaleWeights) { try layer($0, isRootMeanSquare: true) },
    LayerRow(
      "GroupNormalization", weights: { WeightCount(trainable: try affine($0)) }, limit: "channels first or last", group),
    LayerRow("UnitNormalization") { context in
      let builder = context.builder
      let value = try builder.natural(context.input())
      let rank = builder.type(value).rank
      let axes = try (context.settings.optionalIntegers("axis") ?? [-1]).map { try context.axis($0, of: rank) }
      guard !axes.contains(0) else { throw PexError(.unsupported, "setting 'axis': a length over the batch") }
      return Feature(try unit(value, axes: axes, builder))
    },
    LayerRow(
      "LayerScale", weights: scaleWeights, arguments: ArgumentRules(inert: ["init_values", "projection_dim"])
    ) { context in
      let feature = try context.input()
      return try scale(feature, "gamma", .multiply, context) { count in
        try context.weight("gamma", [count])
      }
    },
  ]

  /// Over several devices or one: they differ while they are trained.
  private static func batchRow(_ className: String) -> LayerRow {
    LayerRow(
      className, weights: { WeightCount(trainable: try affine($0), fixed: 2) }, trains: true,
      arguments: ArgumentRules(
        inert: ["momentum", "synchronized", "fused", "renorm_momentum"], fixed: ["renorm": .bool(false)]),
      limit: "over one axis", batch)
  }

  private static func affine(_ settings: Settings) throws -> Int {
    (try settings.flag("scale", default: true) ? 1 : 0) + (try settings.flag("center", default: true) ? 1 : 0)
  }

  private static func scaleWeights(_ settings: Settings) -> WeightCount { WeightCount(trainable: 1) }

  private static func layerWeights(_ settings: Settings) throws -> WeightCount {
    // Root mean square scaling has no centre.
    if try settings.flag("rms_scaling", default: false) { return WeightCount(trainable: 1) }
    return WeightCount(trainable: try affine(settings))
  }

  /// Elements divided by the root of the sum of their squares along axes, which is at least `epsilon`.
  static func unit(
    _ value: ValueID, axes: [Int], epsilon: Double = 1e-12, _ builder: GraphBuilder
  ) throws -> ValueID {
    let square = try builder.emit(.binary(Binary(.multiply)), [value, value])
    let sum = try builder.emit(.reduce(Reduce(.sum, axes: axes.sorted(), keepsAxes: true)), [square])
    let bounded = try builder.emit(.binary(Binary(.maximum)), [sum, builder.scalar(epsilon)])
    let root = try builder.emit(.unary(Unary(.squareRoot)), [bounded])
    return try builder.emit(.binary(Binary(.divide)), [value, root])
  }

  private static func batch(_ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let settings = context.settings
    if let mode = try settings.optionalInteger("mode"), mode != 0 {
      throw PexError(.unsupported, "mode \(mode) of Keras 1 normalises by the batch at hand")
    }
    let epsilon = try settings.number("epsilon", default: 1e-3)
    let feature = try context.input()
    let rank = context.extents(feature).count
    let axes = try settings.optionalIntegers("axis") ?? [-1]
    guard axes.count == 1, let given = axes.first else {
      throw PexError(.unsupported, "setting 'axis': batch normalisation over several axes")
    }
    let axis = try context.axis(given, of: rank)
    guard axis > 0 else { throw PexError(.malformed, "setting 'axis': the batch cannot be the axis") }
    // The operation normalises the axis behind the batch: channels, whichever way Keras has them.
    let order: Feature.Order = axis == rank - 1 && rank > 2 ? .channelsFirst : .natural
    var value = try builder.ordered(feature, order)
    let position = Feature.stored(axis, rank: rank, order)
    let permutation = [0, position] + (1..<rank).filter { $0 != position }
    value = try builder.transpose(value, permutation)
    let channels = builder.type(value).perSample[1]
    let statistics = try statistics(context, channels)
    value = try builder.emit(.batchNormalization(BatchNormalization(epsilon: epsilon)), [value] + statistics)
    let back = (0..<rank).map { permutation.firstIndex(of: $0) ?? $0 }
    return Feature(try builder.transpose(value, back), order)
  }

  /// Scale, shift, mean and variance, of which the first two may be left out.
  private static func statistics(_ context: LayerContext, _ channels: Int) throws -> [ValueID] {
    let builder = context.builder
    func affine(_ name: String, _ setting: String, _ standard: Float) throws -> ValueID {
      let isThere = try context.settings.flag(setting, default: true)
      return try builder.constant(name) {
        try isThere ? context.weight(name, [channels]) : Tensor(repeating: standard, [channels])
      }
    }
    return [
      try affine("gamma", "scale", 1), try affine("beta", "center", 0),
      try builder.constant("moving_mean") { try context.weight("moving_mean", [channels]) },
      try builder.constant("moving_variance") { try context.weight("moving_variance", [channels]) },
    ]
  }

  private static func layer(_ context: LayerContext, isRootMeanSquare: Bool) throws -> Feature {
    let builder = context.builder
    let settings = context.settings
    let epsilon = try settings.number("epsilon", default: isRootMeanSquare ? 1e-6 : 1e-3)
    let value = try builder.natural(context.input())
    let extents = builder.type(value).perSample
    let written = try (settings.optionalIntegers("axis") ?? [-1]).map { try context.axis($0, of: extents.count) }
    let axes = Set(written)
    guard !axes.contains(0), !axes.isEmpty else {
      throw PexError(.malformed, "setting 'axis': expected axes of a sample")
    }
    guard axes.count == written.count else {
      throw PexError(.malformed, "setting 'axis': \(written) names an axis twice")
    }
    let normal = try normalised(value, axes.sorted(), epsilon, isRootMeanSquare, builder)
    // Scale and shift have an extent for every normalised axis, as those are written; Keras 2 reads the numbers in the
    // order of the tensor's axes all the same.
    let shape = written.map { extents[$0] }
    let spread = (1..<extents.count).map { axes.contains($0) ? extents[$0] : 1 }
    let scales = try isRootMeanSquare || settings.flag("scale", default: true)
    let shifts = try !isRootMeanSquare && settings.flag("center", default: true)
    return Feature(try scaled(normal, scales: scales, shifts: shifts, shape, spread, context))
  }

  /// What was normalised times a scale plus a shift, where the layer has them.
  /// - Parameters:
  ///   - shape: the extents of both in the file.
  ///   - spread: the same elements with an extent for every axis of a sample.
  private static func scaled(
    _ value: ValueID, scales: Bool, shifts: Bool, _ shape: [Int], _ spread: [Int], _ context: LayerContext
  ) throws -> ValueID {
    let builder = context.builder
    func combined(_ value: ValueID, _ kind: Binary.Kind, _ name: String) throws -> ValueID {
      let parameter = try builder.constant(name) { try context.weight(name, shape).reshaped(spread) }
      return try builder.emit(.binary(Binary(kind)), [value, parameter])
    }
    let product = scales ? try combined(value, .multiply, "gamma") : value
    return shifts ? try combined(product, .add, "beta") : product
  }

  private static func normalised(
    _ value: ValueID, _ axes: [Int], _ epsilon: Double, _ isRootMeanSquare: Bool, _ builder: GraphBuilder
  ) throws -> ValueID {
    let rank = builder.type(value).rank
    if !isRootMeanSquare, axes == Array(rank - axes.count..<rank) {
      return try builder.emit(.standardization(Standardization(axis: axes[0], epsilon: epsilon)), [value])
    }
    func mean(_ value: ValueID) throws -> ValueID {
      try builder.emit(.reduce(Reduce(.mean, axes: axes, keepsAxes: true)), [value])
    }
    let centred = isRootMeanSquare ? value : try builder.emit(.binary(Binary(.subtract)), [value, mean(value)])
    let square = try builder.emit(.binary(Binary(.multiply)), [centred, centred])
    let bounded = try builder.emit(.binary(Binary(.add)), [mean(square), builder.scalar(epsilon)])
    let root = try builder.emit(.unary(Unary(.squareRoot)), [bounded])
    return try builder.emit(.binary(Binary(.divide)), [centred, root])
  }

  /// Channels in groups, each normalised by its own mean and variance over the map.
  private static func group(_ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let settings = context.settings
    let feature = try context.input()
    let rank = context.extents(feature).count
    guard rank >= 2 else { throw PexError(.malformed, "expected an input [batch, …, channels]") }
    let axis = try context.axis(settings.integer("axis", default: -1), of: rank)
    guard axis == rank - 1 || axis == 1 else {
      throw PexError(.unsupported, "setting 'axis': groups of channels are supported first and last")
    }
    let order: Feature.Order = axis == rank - 1 && rank > 2 ? .channelsFirst : .natural
    let value = try builder.ordered(feature, order)
    let extents = builder.type(value).perSample
    let channels = extents[1]
    let asked = try settings.integer("groups", default: 32)
    let groups = asked == -1 ? channels : asked
    guard groups > 0, channels % groups == 0 else {
      throw PexError(.malformed, "setting 'groups': \(channels) channels cannot be divided by \(groups)")
    }
    let count = try Shape(Array(extents.dropFirst())).count / groups
    let parted = try builder.reshape(value, [groups, count])
    let epsilon = try settings.number("epsilon", default: 1e-3)
    let normal = try builder.emit(.standardization(Standardization(axis: 2, epsilon: epsilon)), [parted])
    let result = try scaled(
      builder.reshape(normal, Array(extents.dropFirst())), scales: settings.flag("scale", default: true),
      shifts: settings.flag("center", default: true), [channels], [channels] + Array(repeating: 1, count: rank - 2),
      context)
    return Feature(result, order)
  }

  /// A number for every channel, which stand last in Keras.
  static func scale(
    _ feature: Feature, _ name: String, _ kind: Binary.Kind, _ context: LayerContext, _ numbers: (Int) throws -> Tensor
  ) throws -> Feature {
    let builder = context.builder
    let x = try builder.unflattened(feature)
    let extents = builder.extents(x)
    guard let channels = extents.last, extents.count >= 2 else {
      throw PexError(.malformed, "expected [batch, …, channels]")
    }
    let isFirst = x.order == .channelsFirst
    let constant = try builder.constant(isFirst ? "\(name).first" : name) {
      try numbers(channels).reshaped(isFirst ? [channels] + Array(repeating: 1, count: extents.count - 2) : [channels])
    }
    return Feature(try builder.emit(.binary(Binary(kind)), [x.value, constant]), x.order)
  }
}
