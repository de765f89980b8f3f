import PexGraph
import PexTensor

/// Zeros around maps, and maps cut out of larger ones.
enum PaddingLayers {
  static let rows: [LayerRow] =
    (1...3).flatMap { spatial in
      [
        LayerRow("ZeroPadding\(spatial)D", numbers: .kept) { try pad($0, spatial) },
        LayerRow("Cropping\(spatial)D", numbers: .kept) { try crop($0, spatial) },
      ]
    } + [LayerRow("CenterCrop", centreCrop)]

  private static func pad(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let borders = try context.settings.borders("padding", count: spatial, default: 1)
    let pad = Pad(before: [0, 0] + borders.map(\.before), after: [0, 0] + borders.map(\.after))
    return Feature(try context.builder.emit(.pad(pad), [x]), order)
  }

  private static func crop(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let borders = try context.settings.borders("cropping", count: spatial, default: spatial == 2 ? 0 : 1)
    let extents = Array(context.builder.type(x).perSample.dropFirst(2))
    let kept = zip(extents, borders).map { $0 - $1.before - $1.after }
    guard kept.allSatisfy({ $0 > 0 }) else {
      throw PexError(.malformed, "setting 'cropping': nothing is left of a map of \(extents)")
    }
    return Feature(try cut(x, borders.map(\.before), kept, context.builder), order)
  }

  /// A part of a map.
  static func cut(_ x: ValueID, _ starts: [Int], _ extents: [Int], _ builder: GraphBuilder) throws -> ValueID {
    let type = builder.type(x)
    let slice = StridedSlice(
      starts: [0, 0] + starts, dimensions: Array(type.dimensions.prefix(2)) + extents.map(Dimension.fixed))
    return try builder.emit(.slice(slice), [x])
  }

  /// The middle of a map; a smaller one is enlarged first, as ``ResizingLayers`` does.
  private static func centreCrop(_ context: LayerContext) throws -> Feature {
    let (x, order) = try context.map(spatial: 2)
    let wanted = [try context.settings.extent("height"), try context.settings.extent("width")]
    let extents = Array(context.builder.type(x).perSample.dropFirst(2))
    guard zip(extents, wanted).allSatisfy({ $0 >= $1 }) else {
      return Feature(try ResizingLayers.cropped(x, wanted, ResizingLayers.bilinear, context.builder), order)
    }
    let starts = zip(extents, wanted).map { ($0 - $1) / 2 }
    return Feature(try cut(x, starts, wanted, context.builder), order)
  }
}
