import PexGraph
import PexTensor

/// What Keras people do to pictures within the model.
enum PreprocessingLayers {
  static let rows: [LayerRow] = [
    LayerRow("Rescaling", numbers: .computed, rescaling),
    LayerRow(
      "Normalization", weights: normalizationWeights, numbers: .computed,
      limit: "statistics of the last axis, or of everything",
      normalization),
  ]

  private static func rescaling(_ context: LayerContext) throws -> Feature {
    var feature = try context.input()
    for (name, kind, standard) in [("scale", Binary.Kind.multiply, 1.0), ("offset", .add, 0)] {
      let numbers = try context.settings.optionalNumbers(name) ?? [standard]
      if numbers.count == 1 {
        feature = numbers[0] == standard ? feature : try context.builder.combine(kind, feature, numbers[0])
      } else {
        feature = try NormalizationLayers.scale(feature, name, kind, context) { count in
          guard numbers.count == count else {
            throw PexError(.malformed, "setting '\(name)': expected \(count) numbers, found \(numbers.count)")
          }
          return try Tensor([count], numbers.map(Float.init))
        }
      }
    }
    return feature
  }

  /// Statistics that were learnt are weights, with the number of pictures in older versions; those given are settings.
  private static func normalizationWeights(_ settings: Settings) throws -> WeightCount {
    settings.value("mean") != nil ? .none : WeightCount(trainable: 0, fixed: 3)
  }

  /// `(x - mean) / max(deviation, epsilon)`, or the way back.
  private static func normalization(_ context: LayerContext) throws -> Feature {
    let settings = context.settings
    let feature = try context.input()
    let extents = context.extents(feature)
    let axes = try settings.value("axis") == nil ? [] : settings.optionalIntegers("axis") ?? [-1]
    let kept = try axes.map { try context.axis($0, of: extents.count) }
    guard kept.isEmpty || kept == [extents.count - 1] else {
      throw PexError(.unsupported, "setting 'axis': statistics are supported for the last axis, or for all elements")
    }
    let shape = kept.map { extents[$0] }
    let mean = try statistics("mean", shape, context)
    let deviation = try statistics("variance", shape, context).map { max($0.squareRoot(), 1e-7) }
    let isInverse = try settings.flag("invert", default: false)
    let steps: [(String, Binary.Kind, [Float])] =
      isInverse
      ? [("deviation", .multiply, deviation), ("mean", .add, mean)]
      : [("mean", .subtract, mean), ("deviation", .divide, deviation)]
    return try steps.reduce(feature) { feature, step in
      try NormalizationLayers.scale(feature, step.0, step.1, context) { count in
        try Tensor([count], step.2.count == 1 ? Array(repeating: step.2[0], count: count) : step.2)
      }
    }
  }

  private static func statistics(_ name: String, _ shape: [Int], _ context: LayerContext) throws -> [Float] {
    let count = try Shape(shape).count
    guard let given = try context.settings.optionalNumbers(name) else {
      return try context.weight(name) { found in
        // Some versions keep axes of one element.
        found.filter { $0 != 1 } == shape.filter { $0 != 1 } ? nil : "\(shape)"
      }.floats
    }
    guard given.count == count || given.count == 1 else {
      throw PexError(.malformed, "setting '\(name)': expected \(count) numbers, found \(given.count)")
    }
    return given.map(Float.init)
  }
}
