import PexGraph
import PexTensor

/// Layers that are a function of every element, or of an axis.
enum ActivationLayers {
  static let rows: [LayerRow] = [
    LayerRow("Activation", activates: true) { try $0.input() },
    LayerRow("ReLU", relu),
    LayerRow("LeakyReLU") { context in
      let settings = context.settings
      let alpha = try settings.optionalNumber("negative_slope") ?? settings.number("alpha", default: 0.3)
      return try context.builder.apply(.leakyRelu(alpha: alpha), context.input())
    },
    LayerRow("ELU") { try $0.builder.apply(.elu(alpha: $0.settings.number("alpha", default: 1)), $0.input()) },
    LayerRow("ThresholdedReLU") { context in
      try context.builder.apply(.thresholdedRelu(alpha: context.settings.number("theta", default: 1)), context.input())
    },
    LayerRow("Softmax") { context in
      guard !context.settings.isNull("axis") else { throw ArgumentRules.refusal("axis", "null") }
      let axes = try context.settings.optionalIntegers("axis") ?? [-1]
      guard axes.count == 1 else { return try softmax(context.input(), axes: axes, context) }
      return try softmax(context.input(), axis: axes[0], context)
    },
    LayerRow("PReLU", weights: { _ in WeightCount(trainable: 1) }, parametricRelu),
  ]

  /// The softmax over an axis of the tensor.
  static func softmax(
    _ feature: Feature, axis: Int, logarithm: Bool = false, _ context: LayerContext
  ) throws -> Feature {
    let builder = context.builder
    let feature = try builder.unflattened(feature)
    let rank = builder.extents(feature).count
    let axis = Feature.stored(try context.axis(axis, of: rank), rank: rank, feature.order)
    return try builder.emit(.softmax(Softmax(axis: axis, logarithm: logarithm)), feature)
  }

  /// The softmax over several axes together.
  private static func softmax(_ feature: Feature, axes: [Int], _ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let value = try builder.natural(feature)
    let rank = builder.type(value).rank
    let last = try Set(axes.map { try context.axis($0, of: rank) }).sorted()
    guard last.first != 0 else { throw PexError(.malformed, "setting 'axis': expected axes of a sample") }
    // Side by side as one axis, and back.
    let permutation = (0..<rank).filter { !last.contains($0) } + last
    let turned = try builder.transpose(value, permutation)
    let extents = builder.type(turned).perSample
    let kept = Array(extents[1..<rank - last.count])
    let flat = try builder.reshape(turned, kept + [extents.suffix(last.count).reduce(1, *)])
    let result = try builder.emit(.softmax(Softmax(axis: kept.count + 1)), [flat])
    let parted = try builder.reshape(result, Array(extents.dropFirst()))
    return Feature(try builder.transpose(parted, (0..<rank).map { permutation.firstIndex(of: $0) ?? $0 }))
  }

  /// `maximum` from there on, x down to `threshold`, below it `slope * (x - threshold)`.
  private static func relu(_ context: LayerContext) throws -> Feature {
    let settings = context.settings
    let limit = try settings.optionalNumber("max_value")
    let slope = try settings.number("negative_slope", default: 0)
    let threshold = try settings.number("threshold", default: 0)
    let feature = try context.input()
    let builder = context.builder
    if slope == 0, threshold == 0 {
      return try builder.apply(limit.map { .clip(minimum: 0, maximum: $0) } ?? .relu, feature)
    }
    var result = feature
    if threshold == 0 {
      result = try builder.apply(.leakyRelu(alpha: slope), feature)
    } else {
      let isBelow = try builder.combine(.less, feature, threshold)
      let line = try builder.combine(.multiply, builder.combine(.subtract, feature, threshold), slope)
      result.value = try builder.emit(.choice(Choice()), [isBelow.value, line.value, feature.value])
    }
    return try limit.map { try builder.combine(.minimum, result, $0) } ?? result
  }

  /// Slopes of their own for every element, or shared along axes, counted without the batch.
  private static func parametricRelu(_ context: LayerContext) throws -> Feature {
    let feature = try context.input()
    let builder = context.builder
    var extents = Array(context.extents(feature).dropFirst())
    for axis in try context.settings.optionalIntegers("shared_axes") ?? [] {
      guard extents.indices.contains(axis - 1) else { throw PexError(.malformed, "there is no axis \(axis)") }
      extents[axis - 1] = 1
    }
    let x = try builder.unflattened(feature)
    let slope = try builder.constant(x.order == .channelsFirst ? "alpha.first" : "alpha") {
      let alpha = try context.weight("alpha", extents)
      guard x.order == .channelsFirst else { return alpha }
      return try alpha.permuted([extents.count - 1] + Array(0..<extents.count - 1))
    }
    return Feature(try builder.emit(.binary(Binary(.parametricRelu)), [x.value, slope]), x.order)
  }
}
