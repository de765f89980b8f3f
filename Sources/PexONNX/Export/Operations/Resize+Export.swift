import PexGraph
import PexTensor

extension Resize: ONNXExportable {
  /// `Resize` where opset 17 and onnxruntime know the settings. Otherwise every axis by itself: the nearest are gathered, for
  /// everything else the weights of all positions are a matrix.
  func export(to node: NodeExport) throws {
    let extents = node.inputTypes[0].perSample
    if let scales = plainScales(extents) { return try exportPlainly(scales, to: node) }
    var value = node.inputs[0]
    var outside: [Int: [Bool]] = [:]
    for axis in extents.indices {
      guard let taps = taps(axis: axis, input: extents[axis]) else { continue }
      if taps.contains(where: \.isEmpty) { outside[axis] = taps.map(\.isEmpty) }
      value = try resized(value, axis, taps, input: extents[axis], node)
    }
    guard !outside.isEmpty, extrapolation != 0 else { return node.write("Identity", [value]) }
    node.write("Add", [value, try node.numbers(try filling(outside), suffix: "outside")])
  }

  /// The factors from which a runtime computes the same extents and positions; nil when there are none, or a setting is
  /// unknown to it. The batch is open, so extents themselves cannot be given.
  private func plainScales(_ extents: [Int]) -> [Float]? {
    let axes = extents.indices.filter {
      dimensions[$0] != .batch && (scales[$0] != 1 || extents[$0] != dimensions[$0].perSample)
    }
    switch coordinates {
    case .halfPixel, .asymmetric: break
    // Runtimes disagree about what a single element is,
    case .pytorchHalfPixel: guard axes.allSatisfy({ dimensions[$0].perSample > 1 }) else { return nil }
    // and whether corners are those of an extent before or after it was rounded.
    case .alignCorners:
      guard axes.allSatisfy({ scales[$0] * Double(extents[$0]) == Double(dimensions[$0].perSample) }) else {
        return nil
      }
    case .halfPixelSymmetric, .halfPixelForNearest, .cropAndResize: return nil
    }
    switch kind {
    case .nearest: guard axes.allSatisfy({ Double(Float(scales[$0])) == scales[$0] }) else { return nil }
    case .linear, .cubic:
      guard !antialiases, extents.count == 4, axes.allSatisfy({ $0 >= 2 }) else { return nil }
    }
    let factors = dimensions.indices.map { axes.contains($0) ? Float(scales[$0]) : 1 }
    // A factor that was rounded may miss the extent.
    guard axes.allSatisfy({ Int(Float(extents[$0]) * factors[$0]) == dimensions[$0].perSample }) else { return nil }
    return factors
  }

  private func exportPlainly(_ scales: [Float], to node: NodeExport) throws {
    let factors = try node.numbers(Tensor([scales.count], scales), suffix: "scales")
    let attributes: [ExportAttribute] = [
      .string("mode", kind.rawValue), .string("coordinate_transformation_mode", coordinates.rawValue),
      .string("nearest_mode", rounding.rawValue), .float("cubic_coeff_a", cubicCoefficient),
      .flag("exclude_outside", excludesOutside),
    ]
    node.write("Resize", node.inputs + ["", factors], attributes)
  }

  /// A value with one axis resized.
  private func resized(
    _ value: String, _ axis: Int, _ taps: [[Tap]], input: Int, _ node: NodeExport
  ) throws -> String {
    if taps.allSatisfy({ $0.count == 1 && $0[0].weight == 1 }) {
      let indices = try node.integers(taps.map { $0[0].position }, suffix: "indices\(axis)")
      return node.step("Gather", [value, indices], [.integer("axis", axis)], suffix: "axis\(axis)")
    }
    var weights = [Float](repeating: 0, count: input * taps.count)
    for (position, row) in taps.enumerated() {
      for tap in row { weights[tap.position * taps.count + position] += Float(tap.weight) }
    }
    let matrix = try node.numbers(Tensor([input, taps.count], weights), suffix: "weights\(axis)")
    let last = dimensions.count - 1
    guard axis < last else { return node.step("MatMul", [value, matrix], suffix: "axis\(axis)") }
    var order = Array(dimensions.indices)
    order.swapAt(axis, last)
    let turn = ExportAttribute.integers("perm", order)
    let turned = node.step("Transpose", [value], [turn], suffix: "turned\(axis)")
    let product = node.step("MatMul", [turned, matrix], suffix: "product\(axis)")
    return node.step("Transpose", [product], [turn], suffix: "axis\(axis)")
  }

  /// ``extrapolation`` at every position that lies outside along any axis, where weights give 0; 0 elsewhere.
  private func filling(_ outside: [Int: [Bool]]) throws -> Tensor {
    let extents = dimensions.indices.map { outside[$0]?.count ?? 1 }
    var isOutside = [false]
    for axis in extents.indices {
      let list = outside[axis] ?? [false]
      isOutside = isOutside.flatMap { before in list.map { before || $0 } }
    }
    return try Tensor(extents, isOutside.map { $0 ? Float(extrapolation) : 0 })
  }
}
