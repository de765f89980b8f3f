import PexGraph
import PexTensor

/// Maps sampled on another grid, with the arithmetic of `tf.image.resize`: half pixel centres.
enum ResizingLayers {
  static let rows: [LayerRow] =
    (1...3).map { spatial in LayerRow("UpSampling\(spatial)D", limit: methods) { try upSampling($0, spatial) } }
    + [
      LayerRow("Resizing", limit: methods, resizing),
      // Without chance, the middle part with the wanted sides.
      LayerRow("RandomCrop", trains: true, arguments: ArgumentRules(areInert: true)) {
        context in
        // Keras 3 crops when it trains, and only then.
        if context.version >= 3 { return try context.input() }
        let (x, order) = try context.map(spatial: 2)
        let wanted = [try context.settings.extent("height"), try context.settings.extent("width")]
        return Feature(try cropped(x, wanted, bilinear, context.builder), order)
      },
    ]

  private static let methods =
    "nearest, bilinear and bicubic; TensorFlow rounds bicubic places to 1/1024, up to 6e-4 off"

  /// How elements in between are computed.
  struct Method {
    var kind: Resize.Kind
    var antialiases = false
  }

  static let bilinear = Method(kind: .linear)

  private static func upSampling(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let size = try context.settings.extents("size", count: spatial, default: 2)
    let extents = Array(context.builder.type(x).perSample.dropFirst(2))
    let products = zip(extents, size).map { $0.multipliedReportingOverflow(by: $1) }
    guard !products.contains(where: \.overflow) else {
      throw PexError(.malformed, "setting 'size': \(size) is too large")
    }
    let method = try method(context.settings.text("interpolation", default: "nearest"))
    return Feature(try resize(x, products.map(\.partialValue), method, context.builder), order)
  }

  private static func resizing(_ context: LayerContext) throws -> Feature {
    try resized(context, [context.settings.extent("height"), context.settings.extent("width")])
  }

  /// A map with other extents, by the settings that the layer and the function of Keras 3 share.
  static func resized(_ context: LayerContext, _ wanted: [Int]) throws -> Feature {
    let (x, order) = try context.map(spatial: 2)
    let settings = context.settings
    var method = try method(settings.text("interpolation", default: "bilinear"))
    method.antialiases = try settings.flag("antialias", default: false)
    // What is put around a map matters only where something is.
    let pads = try settings.flag("pad_to_aspect_ratio", default: false)
    let fill = try settings.number("fill_value", default: 0)
    let mode = try settings.text("fill_mode", default: "constant")
    if try settings.flag("crop_to_aspect_ratio", default: false) {
      guard !pads else { throw PexError(.malformed, "asks to crop and to pad") }
      return Feature(try cropped(x, wanted, method, context.builder), order)
    }
    guard pads else { return Feature(try resize(x, wanted, method, context.builder), order) }
    guard mode == "constant" else { throw ArgumentRules.refusal("fill_mode", mode) }
    return Feature(try padded(x, wanted, method, fill, context), order)
  }

  /// - Parameter argument: which names the method, for messages.
  static func method(_ name: String, _ argument: String = "interpolation") throws -> Method {
    switch name.lowercased() {
    case "nearest": Method(kind: .nearest)
    case "bilinear": Method(kind: .linear)
    case "bicubic": Method(kind: .cubic)
    default:
      throw PexError(
        .unsupported, "argument '\(argument)' = '\(name)' is not supported; nearest, bilinear and bicubic are")
    }
  }

  /// A map with other extents.
  static func resize(_ x: ValueID, _ extents: [Int], _ method: Method, _ builder: GraphBuilder) throws -> ValueID {
    let type = builder.type(x)
    let before = type.perSample.dropFirst(2)
    guard before.allSatisfy({ $0 > 0 }) else { throw PexError(.malformed, "a map without elements cannot be resized") }
    if Array(before) == extents { return x }
    let scales = [1, 1] + zip(extents, before).map { Double($0) / Double($1) }
    let dimensions = Array(type.dimensions.prefix(2)) + extents.map(Dimension.fixed)
    var resize = Resize(
      method.kind, dimensions: dimensions, scales: scales,
      coordinates: method.kind == .nearest ? .halfPixelForNearest : .halfPixel, rounding: .floor)
    // TensorFlow's cubic filter is that of Keys (1981), and leaves out what lies outside.
    resize.cubicCoefficient = -0.5
    resize.antialiases = method.antialiases && method.kind != .nearest
    resize.excludesOutside = method.kind == .cubic || resize.antialiases
    return try builder.emit(.resize(resize), [x])
  }

  /// The middle part with the wanted shape of sides, resized.
  static func cropped(_ x: ValueID, _ wanted: [Int], _ method: Method, _ builder: GraphBuilder) throws -> ValueID {
    let extents = Array(builder.type(x).perSample.dropFirst(2))
    let kept = fitting(extents, wanted)
    let starts = zip(extents, kept).map { ($0 - $1) / 2 }
    let part = kept == extents ? x : try PaddingLayers.cut(x, starts, kept, builder)
    return try resize(part, wanted, method, builder)
  }

  /// The largest extents within `extents` with sides like those of `wanted`.
  private static func fitting(_ extents: [Int], _ wanted: [Int]) -> [Int] {
    let height = Int(Float(extents[1] * wanted[0]) / Float(wanted[1]))
    let width = Int(Float(extents[0] * wanted[1]) / Float(wanted[0]))
    return [max(1, min(extents[0], height)), max(1, min(extents[1], width))]
  }

  /// The whole map in the middle of a larger one with the wanted shape of sides, resized.
  private static func padded(
    _ x: ValueID, _ wanted: [Int], _ method: Method, _ fill: Double, _ context: LayerContext
  ) throws -> ValueID {
    let extents = Array(context.builder.type(x).perSample.dropFirst(2))
    let height = Int(Float(extents[1] * wanted[0]) / Float(wanted[1]))
    let width = Int(Float(extents[0] * wanted[1]) / Float(wanted[0]))
    let outer = [max(extents[0], height), max(extents[1], width)]
    // As much on both sides, even where that is one element less than would be needed.
    let border = zip(outer, extents).map { ($0 - $1) / 2 }
    let pad = Pad(before: [0, 0] + border, after: [0, 0] + border, value: fill)
    return try resize(context.builder.emit(.pad(pad), [x]), wanted, method, context.builder)
  }
}
