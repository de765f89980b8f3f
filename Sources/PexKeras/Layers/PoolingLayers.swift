import PexGraph
import PexTensor

/// Pooling over windows and over whole maps.
enum PoolingLayers {
  static let rows: [LayerRow] = (1...3).flatMap { spatial in
    [("Max", Pooling.Kind.maximum), ("Average", .average)].flatMap { word, kind in
      [
        LayerRow("\(word)Pooling\(spatial)D") { try window($0, spatial, kind) },
        LayerRow("Global\(word)Pooling\(spatial)D") { try global($0, spatial, kind) },
        LayerRow(
          "Adaptive\(word)Pooling\(spatial)D",
          limit: "up to \(AdaptivePooling.limit) windows along an axis where they differ in size"
        ) {
          context in
          let (x, order) = try context.map(spatial: spatial)
          let wanted = try context.settings.extents("output_size", count: spatial)
          return Feature(try AdaptivePooling.pool(x, wanted, kind, context.builder), order)
        },
      ]
    }
  }

  /// Pooling over windows, by the settings that layers and functions of Keras 3 share.
  static func window(_ context: LayerContext, _ spatial: Int, _ kind: Pooling.Kind) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let settings = context.settings
    var window = Window(kernel: try settings.extents("pool_size", count: spatial, default: 2))
    window.strides =
      try settings.value("strides") == nil ? window.kernel : settings.extents("strides", count: spatial)
    window.padding = try settings.padding()
    // Averages are of the elements within the map.
    return Feature(try context.builder.emit(.pooling(Pooling(kind: kind, window: window)), [x]), order)
  }

  private static func global(_ context: LayerContext, _ spatial: Int, _ kind: Pooling.Kind) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let pooled = try context.builder.emit(.globalPooling(GlobalPooling(kind: kind)), [x])
    if try context.settings.flag("keepdims", default: false) { return Feature(pooled, order) }
    return Feature(try context.builder.reshape(pooled, [context.builder.type(pooled).perSample[1]]))
  }
}
