import PexGraph
import PexTensor

/// Layers that only move elements.
enum ShapeLayers {
  static let rows: [LayerRow] = [
    LayerRow("Flatten", numbers: .kept) { try flatten($0) },
    LayerRow("Reshape", numbers: .kept) { context in
      guard let wanted = try context.settings.optionalIntegers("target_shape") else {
        throw PexError(.malformed, "setting 'target_shape' is missing")
      }
      return try reshape(context.input(), wanted, context)
    },
    LayerRow("Permute", numbers: .kept) { context in
      guard let order = try context.settings.optionalIntegers("dims") else {
        throw PexError(.malformed, "setting 'dims' is missing")
      }
      return try permute(context.input(), [0] + order, "dims", context)
    },
    LayerRow("RepeatVector", numbers: .kept) { context in
      let value = try context.builder.natural(context.input())
      let extents = context.builder.type(value).perSample
      guard extents.count == 2 else {
        throw PexError(.malformed, "expected an input of 2 axes, found \(extents.count)")
      }
      let row = try context.builder.reshape(value, [1, extents[1]])
      let count = try context.settings.extent("n")
      return Feature(try context.builder.emit(.tile(Tile(repeats: [1, count, 1])), [row]))
    },
  ]

  /// A map as one row. Elements stay where they are: what reads them knows their order.
  private static func flatten(_ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let feature = try context.input()
    let isLast = try context.isChannelsLast()
    let extents = context.extents(feature)
    let count = try Shape(extents).count
    if isLast, feature.order == .channelsFirst, let channels = extents.last, channels > 0 {
      let order: Feature.Order =
        channels == 1 || count == channels
        ? .natural : .flattened(channels: channels, pixels: count / channels)
      return Feature(try builder.reshape(feature.value, [count]), order)
    }
    // With channels first Keras flattens as if they were last.
    if !isLast, extents.count >= 3 {
      let natural = Feature(try builder.natural(feature))
      let pixels = extents.dropFirst(2).reduce(1, *)
      let order: Feature.Order =
        extents[1] == 1 || pixels == 1
        ? .natural : .flattened(channels: extents[1], pixels: pixels)
      return Feature(try builder.reshape(natural.value, [count]), order)
    }
    return Feature(try builder.reshape(builder.natural(feature), [count]))
  }

  /// The elements under other extents of one sample, one of which may be -1.
  static func reshape(_ feature: Feature, _ wanted: [Int], _ context: LayerContext) throws -> Feature {
    let builder = context.builder
    let value = try builder.natural(feature)
    let count = try Shape(builder.type(value).perSample).count
    guard wanted.allSatisfy({ $0 >= -1 }), wanted.filter({ $0 == -1 }).count <= 1 else {
      throw PexError(.malformed, "setting 'target_shape': \(wanted) is no shape")
    }
    let known = try Shape(wanted.filter { $0 >= 0 }).count
    let rest = known > 0 ? count / known : 0
    return Feature(try builder.reshape(value, wanted.map { $0 == -1 ? rest : $0 }))
  }

  /// The axes in another order, the batch in front.
  /// - Parameter name: of the argument that says it, for messages.
  static func permute(
    _ feature: Feature, _ order: [Int], _ name: String, _ context: LayerContext
  ) throws -> Feature {
    let value = try context.builder.natural(feature)
    guard order.sorted() == Array(0..<context.builder.type(value).rank), order.first == 0 else {
      throw PexError(.malformed, "argument '\(name)': \(order) is no order of axes with the batch in front")
    }
    return Feature(try context.builder.transpose(value, order))
  }
}
