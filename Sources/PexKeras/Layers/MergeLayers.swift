import PexGraph
import PexTensor

/// Layers that combine several tensors.
enum MergeLayers {
  static let rows: [LayerRow] = [
    LayerRow("Add") { try fold($0, .add) },
    LayerRow("Subtract") { context in
      guard context.inputs.count == 2 else { throw PexError(.malformed, "expected two inputs") }
      return try fold(context, .subtract)
    },
    LayerRow("Multiply") { try fold($0, .multiply) },
    LayerRow("Average") { context in
      try context.builder.combine(.multiply, fold(context, .add), 1 / Double(context.inputs.count))
    },
    LayerRow("Maximum") { try fold($0, .maximum) },
    LayerRow("Minimum") { try fold($0, .minimum) },
    LayerRow("Concatenate", numbers: .kept) {
      try concatenate($0.tensors(), axis: $0.settings.integer("axis", default: -1), $0)
    },
    LayerRow("Dot", limit: "of tensors of two or three axes, along one axis each", dot),
    LayerRow("CustomScaleLayer") { context in
      // Inception-ResNet's residual: the first plus a share of the second.
      guard context.inputs.count == 2 else { throw PexError(.malformed, "expected two inputs") }
      let scale = try context.settings.number("scale", default: 1)
      let scaled = try context.builder.combine(.multiply, context.inputs[1], scale)
      return try combine([context.inputs[0], scaled], .add, context.builder)
    },
  ]

  private static func fold(_ context: LayerContext, _ kind: Binary.Kind) throws -> Feature {
    try combine(context.inputs, kind, context.builder)
  }

  /// Tensors combined one after the other. Those with fewer axes get some of one element behind the batch, as Keras'
  /// merging layers do.
  static func combine(_ features: [Feature], _ kind: Binary.Kind, _ builder: GraphBuilder) throws -> Feature {
    let rank = features.map { builder.extents($0).count }.max() ?? 0
    let (values, order) = try builder.aligned(
      features.map { feature in
        let extents = builder.extents(feature)
        guard extents.count < rank else { return feature }
        let ones = Array(repeating: 1, count: rank - extents.count)
        return Feature(try builder.reshape(builder.natural(feature), ones + extents.dropFirst()))
      })
    guard let first = values.first else { throw PexError(.malformed, "expected tensors to combine") }
    let result = try values.dropFirst().reduce(first) { try builder.emit(.binary(Binary(kind)), [$0, $1]) }
    return Feature(result, order)
  }

  /// Tensors side by side.
  /// - Parameter axis: of the Keras tensors; negative counts from the end.
  static func concatenate(_ features: [Feature], axis: Int, _ context: LayerContext) throws -> Feature {
    guard let first = features.first else { throw PexError(.malformed, "expected tensors to join") }
    let (values, order) = try context.builder.aligned(features.map(context.builder.unflattened))
    let rank = context.extents(first).count
    let axis = try context.axis(axis, of: rank)
    return Feature(
      try context.builder.emit(.concat(Concat(axis: Feature.stored(axis, rank: rank, order))), values), order)
  }

  /// Products of two maps, summed along one axis of each, for every sample.
  private static func dot(_ context: LayerContext) throws -> Feature {
    let builder = context.builder
    guard context.inputs.count == 2 else { throw PexError(.malformed, "expected two inputs") }
    var values = try context.inputs.map(builder.natural)
    let ranks = values.map { builder.type($0).rank }
    guard let axes = try context.settings.optionalIntegers("axes"), (1...2).contains(axes.count),
      ranks.allSatisfy({ (2...3).contains($0) })
    else { throw PexError(.unsupported, "products are supported of tensors of two or three axes, along one axis each") }
    let summed = try zip(axes.count == 1 ? axes + axes : axes, ranks).map { try context.axis($0, of: $1) }
    if try context.settings.flag("normalize", default: false) {
      values = try zip(values, summed).map { try NormalizationLayers.unit($0, axes: [$1], builder) }
    }
    // As matrices [rows, summed] and [summed, columns].
    let left = try matrix(values[0], summed: summed[0], last: true, builder)
    let right = try matrix(values[1], summed: summed[1], last: false, builder)
    let product = try builder.emit(.matrixProduct(MatrixProduct()), [left, right])
    let extents = builder.type(product).perSample
    if ranks == [2, 2] { return Feature(try builder.reshape(product, [1])) }
    let kept = (ranks[0] == 3 ? [extents[1]] : []) + (ranks[1] == 3 ? [extents[2]] : [])
    return Feature(try builder.reshape(product, kept))
  }

  private static func matrix(
    _ value: ValueID, summed axis: Int, last: Bool, _ builder: GraphBuilder
  ) throws -> ValueID {
    let extents = builder.type(value).perSample
    guard axis > 0 else { throw PexError(.unsupported, "products along the batch") }
    if extents.count == 2 { return try builder.reshape(value, last ? [1, extents[1]] : [extents[1], 1]) }
    return try builder.transpose(value, (axis == 2) == last ? [0, 1, 2] : [0, 2, 1])
  }
}
