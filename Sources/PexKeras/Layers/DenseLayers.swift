import PexGraph
import PexTensor

/// Fully connected layers, over the last axis.
enum DenseLayers {
  static let rows: [LayerRow] = [
    LayerRow(
      "Dense",
      weights: { WeightCount(trainable: try $0.flag("use_bias", default: true) ? 2 : 1) }, activates: true,
      numbers: .computed, dense)
  ]

  private static func dense(_ context: LayerContext) throws -> Feature {
    let feature = try context.input()
    let extents = context.extents(feature)
    let units = try context.settings.extent("units")
    guard let channels = extents.last, extents.count >= 2 else {
      throw PexError(.malformed, "expected an input [batch, …, channels]")
    }
    let matrix = { try context.weight("kernel", [channels, units]) }
    if extents.count == 2 { return try flat(context, feature, units, matrix) }
    if feature.order == .channelsFirst { return try pointwise(context, feature.value, units, matrix) }
    return try rows(context, feature, units, matrix)
  }

  /// A flattened map keeps its order: the rows of the matrix move instead of the elements.
  private static func flat(
    _ context: LayerContext, _ feature: Feature, _ units: Int, _ matrix: () throws -> Tensor
  ) throws -> Feature {
    let builder = context.builder
    let weight: ValueID
    if case .flattened(let channels, let pixels) = feature.order {
      weight = try builder.constant("kernel.\(channels)x\(pixels)") {
        try matrix().reshaped([pixels, channels, units]).permuted([2, 1, 0]).reshaped([units, channels * pixels])
      }
    } else {
      weight = try builder.constant("kernel") { try matrix().transposedMatrix() }
    }
    let bias = try bias(context, [units])
    return Feature(try builder.emit(.linear(Linear()), [feature.value, weight] + bias))
  }

  /// Over the channels of a map, the same as a convolution of one element.
  private static func pointwise(
    _ context: LayerContext, _ value: ValueID, _ units: Int, _ matrix: () throws -> Tensor
  ) throws -> Feature {
    let builder = context.builder
    let ones = Array(repeating: 1, count: builder.type(value).rank - 2)
    let weight = try builder.constant("kernel.pointwise\(ones.count)") {
      let turned = try matrix().transposedMatrix()
      return try turned.reshaped(turned.shape.dimensions + ones)
    }
    let operation = Operation.convolution(Convolution(window: Window(kernel: ones)))
    return Feature(try builder.emit(operation, [value, weight] + bias(context, [units])), .channelsFirst)
  }

  /// Over the last axis of an array.
  private static func rows(
    _ context: LayerContext, _ feature: Feature, _ units: Int, _ matrix: () throws -> Tensor
  ) throws -> Feature {
    let builder = context.builder
    let value = try builder.natural(feature)
    let weight = try builder.constant("kernel.rows", matrix)
    let product = try builder.emit(.matrixProduct(MatrixProduct()), [value, weight])
    guard let bias = try bias(context, [units]).first else { return Feature(product) }
    return Feature(try builder.emit(.binary(Binary(.add)), [product, bias]))
  }

  private static func bias(_ context: LayerContext, _ shape: [Int]) throws -> [ValueID] {
    guard try context.settings.flag("use_bias", default: true) else { return [] }
    return [try context.builder.constant("bias") { try context.weight("bias", shape) }]
  }
}
