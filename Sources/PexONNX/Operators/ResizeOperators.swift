import PexGraph
import PexTensor

/// Resampling to another grid.
enum ResizeOperators {
  static let rows = [
    OperatorRow(op: "Upsample", since: 1, limit: "sizes known beforehand", function: upsampleByExtents),
    OperatorRow(op: "Upsample", since: 7, limit: "sizes known beforehand", function: upsampleByAttribute),
    OperatorRow(op: "Upsample", since: 9, limit: "sizes known beforehand") { try scale($0, $1, scalesInput: 1) },
    OperatorRow(op: "Resize", since: 10, limit: "sizes known beforehand") { try scale($0, $1, scalesInput: 1) },
    OperatorRow(op: "Resize", since: 11, limit: "sizes known beforehand", function: resize),
  ]

  /// Height and width alone.
  private static func upsampleByExtents(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let scales = [1, 1, try node.float("height_scale", default: 1), try node.float("width_scale", default: 1)]
    return try scaled(node, builder, scales)
  }

  private static func upsampleByAttribute(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let scales = try node.optionalFloats("scales") else {
      throw PexError(.malformed, "attribute 'scales' is missing")
    }
    return try scaled(node, builder, scales.map(Double.init))
  }

  private static func scale(
    _ node: NodeReader, _ builder: GraphBuilder, scalesInput: Int
  ) throws -> [ImportedValue] {
    guard let scales = try node.optionalNumbers(scalesInput, "scales", builder) else {
      throw PexError(.malformed, "input \(scalesInput) (scales) is missing")
    }
    return try scaled(node, builder, scales)
  }

  /// Before opset 11 there were no modes of coordinates: what stands in front counts.
  private static func scaled(
    _ node: NodeReader, _ builder: GraphBuilder, _ scales: [Double]
  ) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let mode = try node.string("mode", default: "nearest")
    let words: [String: Resize.Kind] = ["nearest": .nearest, "linear": .linear, "bilinear": .linear]
    guard let kind = words[mode] else {
      throw PexError(.malformed, "attribute 'mode': expected nearest or linear, found '\(mode)'")
    }
    let dimensions = try extents(of: builder.type(x).dimensions, scales)
    let resize = Resize(
      kind, dimensions: dimensions, scales: scales, coordinates: .asymmetric, rounding: .floor)
    return [.computed(try builder.emit(.resize(resize), [x], for: node.node))]
  }

  /// The specification's names for settings are those of the graph.
  private static func resize(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let before = builder.type(x).dimensions
    let kind: Resize.Kind = try word(node, "mode", .nearest)
    let coordinates: Resize.Coordinates = try word(node, "coordinate_transformation_mode", .halfPixel)
    let axes =
      try node.optionalIntegers("axes")?.map { try node.axis($0, rank: before.count, "axes") }
      ?? Array(before.indices)
    guard Set(axes).count == axes.count else { throw PexError(.malformed, "axes \(axes): one occurs twice") }
    let (after, scales) = try target(node, builder, before, axes)
    var resize = Resize(
      kind, dimensions: after, scales: scales, coordinates: coordinates,
      rounding: try word(node, "nearest_mode", .preferFloor))
    resize.cubicCoefficient = try node.float("cubic_coeff_a", default: -0.75)
    resize.excludesOutside = try node.flag("exclude_outside", default: false)
    resize.extrapolation = try node.float("extrapolation_value", default: 0)
    resize.antialiases = try node.flag("antialias", default: false)
    if coordinates == .cropAndResize {
      guard let region = try node.optionalNumbers(1, "roi", builder), region.count == 2 * axes.count else {
        throw PexError(.malformed, "input 1 (roi): expected \(2 * axes.count) numbers")
      }
      for (index, axis) in axes.enumerated() {
        (resize.regionStarts[axis], resize.regionEnds[axis]) = (region[index], region[index + axes.count])
      }
    }
    return [.computed(try builder.emit(.resize(resize), [x], for: node.node))]
  }

  /// Extents and scales of all axes, whichever of them the node gives.
  private static func target(
    _ node: NodeReader, _ builder: GraphBuilder, _ before: [Dimension], _ axes: [Int]
  ) throws -> ([Dimension], [Double]) {
    let policy = try node.string("keep_aspect_ratio_policy", default: "stretch")
    var scales = before.map { _ in 1.0 }
    if let given = try node.optionalNumbers(2, "scales", builder) {
      guard given.count == axes.count else {
        throw PexError(.malformed, "input 2 (scales): expected \(axes.count) numbers, found \(given.count)")
      }
      for (axis, scale) in zip(axes, given) { scales[axis] = scale }
      return (try extents(of: before, scales), scales)
    }
    let sizes = try node.array(3, "sizes").elements
    guard sizes.count == axes.count else {
      throw PexError(.malformed, "input 3 (sizes): expected \(axes.count) integers, found \(sizes.count)")
    }
    var after = before
    for (axis, size) in zip(axes, sizes) {
      guard case .fixed(let extent) = before[axis] else {
        // A batch that the file fixes stands in its place as a number.
        guard size == .batch || builder.fileBatch.map({ size == .fixed($0) }) ?? false else {
          throw PexError(.unsupported, "it resizes the batch")
        }
        continue
      }
      guard case .fixed(let wanted) = size, extent > 0, (1...1 << 24).contains(wanted) else {
        throw PexError(.malformed, "input 3 (sizes): \(size) for axis \(axis) of \(before)")
      }
      (after[axis], scales[axis]) = (size, Double(wanted) / Double(extent))
    }
    switch policy {
    case "stretch": return (after, scales)
    case "not_larger", "not_smaller":
      let chosen = axes.map { scales[$0] }
      guard let scale = policy == "not_larger" ? chosen.min() : chosen.max() else { return (after, scales) }
      for axis in axes where before[axis] != .batch {
        scales[axis] = scale
        after[axis] = .fixed(try extent((Double(before[axis].perSample) * scale + 0.5).rounded(.down)))
      }
      return (after, scales)
    default:
      throw PexError(
        .malformed,
        "attribute 'keep_aspect_ratio_policy': expected stretch, not_larger or not_smaller, found '\(policy)'")
    }
  }

  private static func extents(of before: [Dimension], _ scales: [Double]) throws -> [Dimension] {
    guard scales.count == before.count else {
      throw PexError(.malformed, "scales: expected \(before.count) numbers, found \(scales.count)")
    }
    return try zip(before, scales).map { dimension, scale in
      guard case .fixed(let extent) = dimension else {
        guard scale == 1 else { throw PexError(.unsupported, "it resizes the batch") }
        return dimension
      }
      return .fixed(try self.extent((Double(extent) * scale).rounded(.down)))
    }
  }

  private static func extent(_ count: Double) throws -> Int {
    guard count >= 1, count <= Double(1 << 24) else {
      throw PexError(.malformed, "scales and sizes: an extent of \(count) is not 1…2^24")
    }
    return Int(count)
  }

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ node: NodeReader, _ name: String, _ fallback: Word
  ) throws -> Word where Word.RawValue == String {
    let found = try node.string(name, default: fallback.rawValue)
    guard let word = Word(rawValue: found) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw PexError(.malformed, "attribute '\(name)': expected one of \(words), found '\(found)'")
    }
    return word
  }
}
