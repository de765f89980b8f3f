import PexGraph
import PexTensor

/// Functions that take parts of tensors or put something around them.
enum OperationSlices {
  /// `x[…]` with Python's slices, whole numbers and an ellipsis.
  static func item(_ call: OperationCall) throws -> Feature {
    guard let written = call.value("slice_spec", at: 1) ?? call.value("key") else {
      throw PexError(.malformed, "expected a slice")
    }
    let value = try call.builder.natural(call.input())
    let type = call.builder.type(value)
    let keys = try expanded(written.list ?? written["items"]?.list ?? [written], type.rank)
    var starts = type.dimensions.map { _ in 0 }
    var steps = starts.map { _ in 1 }
    var dimensions = type.dimensions
    var dropped: Set<Int> = []
    for (axis, key) in keys.enumerated() {
      if let index = key.integer {
        let extent = type.perSample[axis]
        guard axis > 0 else { throw PexError(.unsupported, "one sample of the batch") }
        guard (-extent..<extent).contains(index) else {
          throw PexError(.malformed, "there is no position \(index) of \(extent)")
        }
        (starts[axis], dimensions[axis]) = (index < 0 ? index + extent : index, 1)
        dropped.insert(axis)
      } else {
        let members = key["config"] ?? key
        guard key.object != nil else { throw PexError(.unsupported, "a slice by \(key)") }
        let slice = try range(members, type.perSample[axis])
        if axis == 0 {
          guard slice == (0, 1, 1), members["start"]?.integer ?? 0 == 0, members["stop"]?.isNull ?? true else {
            throw PexError(.unsupported, "a part of the batch")
          }
          continue
        }
        (starts[axis], dimensions[axis], steps[axis]) = (slice.start, .fixed(slice.count), slice.step)
      }
    }
    let isWhole = dimensions == type.dimensions && steps.allSatisfy { $0 == 1 }
    let part =
      try isWhole
      ? value
      : call.builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions, steps: steps)), [value])
    let kept = call.builder.type(part).perSample.enumerated().filter { $0.offset > 0 && !dropped.contains($0.offset) }
    return Feature(try call.builder.reshape(part, kept.map(\.element)))
  }

  /// One key for every axis: the ellipsis stands for as many whole ones as are missing.
  private static func expanded(_ keys: [ConfigValue], _ rank: Int) throws -> [ConfigValue] {
    func isEllipsis(_ key: ConfigValue) -> Bool {
      key["class_name"]?.text == "__ellipsis__" || key.text == "..." || key["type"]?.text == "Ellipsis"
    }
    let whole = ConfigValue.object(["start": .null, "stop": .null, "step": .null])
    guard keys.count <= rank + 1 else { throw PexError(.malformed, "\(keys.count) slices for \(rank) axes") }
    let missing = rank - keys.filter { !isEllipsis($0) }.count
    guard missing >= 0 else { throw PexError(.malformed, "\(keys.count) slices for \(rank) axes") }
    let filling = Array(repeating: whole, count: missing)
    guard let place = keys.firstIndex(where: isEllipsis) else { return keys + filling }
    return keys[..<place] + filling + keys[(place + 1)...]
  }

  /// Python's slice over an extent.
  private static func range(_ key: ConfigValue, _ extent: Int) throws -> (start: Int, count: Int, step: Int) {
    let step = key["step"]?.integer ?? 1
    guard step != 0, step.magnitude <= 1 << 24 else { throw PexError(.malformed, "a slice with a step of \(step)") }
    func bound(_ name: String, _ standard: Int) -> Int {
      guard let written = key[name]?.integer else { return standard }
      let counted = written < 0 ? written + extent : written
      return step > 0 ? min(max(counted, 0), extent) : min(max(counted, -1), extent - 1)
    }
    let start = bound("start", step > 0 ? 0 : extent - 1)
    let stop = bound("stop", step > 0 ? extent : -1)
    let count = step > 0 ? max(0, (stop - start + step - 1) / step) : max(0, (start - stop - step - 1) / -step)
    guard count > 0 else { throw PexError(.malformed, "a slice of nothing from \(extent) elements") }
    return (start, count, step)
  }

  /// Parts of one size, or of given ones, along an axis.
  static func split(_ call: OperationCall) throws -> [Feature] {
    let value = try call.builder.natural(call.input())
    let type = call.builder.type(value)
    let axis = try call.context.axis(try call.integers("axis")?.first ?? 0, of: type.rank)
    guard axis > 0 else { throw PexError(.unsupported, "parts of the batch") }
    let extent = type.perSample[axis]
    let sizes: [Int]
    if let points = call.value("indices_or_sections"), points.list != nil {
      // Keras names where to cut, TensorFlow the sizes.
      let cuts = [0] + (try call.integers("indices_or_sections") ?? []) + [extent]
      sizes = zip(cuts.dropFirst(), cuts).map { $0 - $1 }
    } else {
      let given = try call.integers("indices_or_sections", "num_or_size_splits", at: 1) ?? []
      guard let count = given.first, (1...extent).contains(count) else {
        throw PexError(.malformed, "expected a number of parts")
      }
      sizes = given.count == 1 && extent % count == 0 ? Array(repeating: extent / count, count: count) : given
    }
    guard sizes.allSatisfy({ (1...extent).contains($0) }), sizes.count <= extent, sizes.reduce(0, +) == extent else {
      throw PexError(.malformed, "parts of \(sizes) do not make up \(extent) elements")
    }
    var start = 0
    return try sizes.map { size in
      var (starts, dimensions) = (type.dimensions.map { _ in 0 }, type.dimensions)
      (starts[axis], dimensions[axis]) = (start, .fixed(size))
      start += size
      return Feature(
        try call.builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions)), [value]))
    }
  }

  /// A number around a tensor.
  static func pad(_ call: OperationCall) throws -> Feature {
    guard let pairs = call.value("pad_width", "paddings", at: 1)?.list else {
      throw PexError(.malformed, "expected widths")
    }
    guard call.value("mode")?.text?.lowercased() ?? "constant" == "constant" else {
      throw PexError(.unsupported, "padding that repeats the border")
    }
    let value = try call.builder.natural(call.input())
    let widths = pairs.compactMap { $0.list?.compactMap(\.integer) }
    guard widths.count == call.builder.type(value).rank,
      widths.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0...1 << 24).contains($0) } }),
      widths[0] == [0, 0]
    else { throw PexError(.malformed, "expected two widths for every axis, none for the batch") }
    let pad = Pad(
      before: widths.map { $0[0] }, after: widths.map { $0[1] }, value: try call.number("constant_values", default: 0))
    return Feature(try call.builder.emit(.pad(pad), [value]))
  }
}
