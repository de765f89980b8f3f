import PexGraph
import PexTensor

/// Functions that take parts of tensors or put something around them.
enum OperationSlices {
  /// `x[…]` with Python's slices, whole numbers and an ellipsis.
  static func item(_ call: OperationCall) throws -> Feature {
    guard let written = call.value("slice_spec", "key", at: 1) else {
      throw PexError(.malformed, "expected a slice")
    }
    let value = try call.builder.natural(call.input())
    let type = call.builder.type(value)
    let keys = try expanded(written.list ?? written["items"]?.list ?? [written], type.rank)
    var starts = type.dimensions.map { _ in 0 }
    var (steps, dimensions) = (starts.map { _ in 1 }, type.dimensions)
    var kept: [Int] = []
    var axis = 0
    for key in keys {
      // A new axis of one element.
      if key.isNull {
        guard axis > 0 else { throw PexError(.unsupported, "an axis in front of the batch") }
        kept.append(1)
        continue
      }
      let extent = type.perSample[axis]
      if let index = key.integer {
        guard axis > 0 else { throw PexError(.unsupported, "one sample of the batch") }
        guard (-extent..<extent).contains(index) else {
          throw PexError(.malformed, "there is no position \(index) of \(extent)")
        }
        (starts[axis], dimensions[axis]) = (index < 0 ? index + extent : index, 1)
      } else {
        let slice = try slice(key, extent, isBatch: axis == 0)
        if axis > 0 {
          (starts[axis], dimensions[axis], steps[axis]) = (slice.start, .fixed(slice.count), slice.step)
          kept.append(slice.count)
        }
      }
      axis += 1
    }
    let isWhole = dimensions == type.dimensions && steps.allSatisfy { $0 == 1 }
    let part =
      try isWhole
      ? value
      : call.builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions, steps: steps)), [value])
    return Feature(try call.builder.reshape(part, kept))
  }

  /// What one of Python's slices takes of an axis; the whole of the batch.
  private static func slice(
    _ key: ConfigValue, _ extent: Int, isBatch: Bool
  ) throws -> (start: Int, count: Int, step: Int) {
    let members = key["config"] ?? key
    guard key.object != nil else { throw PexError(.unsupported, "a slice by \(key)") }
    for name in ["start", "stop", "step"] {
      guard let bound = members[name], !bound.isNull, bound.integer == nil else { continue }
      throw PexError(.unsupported, "a slice whose '\(name)' is \(bound)")
    }
    let slice = try range(members, extent)
    if isBatch {
      guard slice == (0, 1, 1), members["start"]?.integer ?? 0 == 0, members["stop"]?.isNull ?? true else {
        throw PexError(.unsupported, "a part of the batch")
      }
    }
    return slice
  }

  /// One key for every axis and new axis: the ellipsis stands for as many whole ones as are missing.
  private static func expanded(_ keys: [ConfigValue], _ rank: Int) throws -> [ConfigValue] {
    func isEllipsis(_ key: ConfigValue) -> Bool {
      key["class_name"]?.text == "__ellipsis__" || key.text == "..." || key["type"]?.text == "Ellipsis"
    }
    let whole = ConfigValue.object(["start": .null, "stop": .null, "step": .null])
    guard keys.count <= rank + 8 else { throw PexError(.malformed, "\(keys.count) slices for \(rank) axes") }
    let missing = rank - keys.filter { !isEllipsis($0) && !$0.isNull }.count
    guard missing >= 0, keys.filter(isEllipsis).count <= 1 else {
      throw PexError(.malformed, "\(keys.count) slices for \(rank) axes")
    }
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
    guard axis > 0 else { throw PexError(.unsupported, "argument 'axis': parts of the batch") }
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

  /// A number around a tensor, or what it has at its borders.
  static func pad(_ call: OperationCall) throws -> Feature {
    guard let pairs = call.value("pad_width", "paddings", at: 1)?.list else {
      throw PexError(.malformed, "expected widths")
    }
    let value = try call.builder.natural(call.input())
    let widths = pairs.compactMap { $0.list?.compactMap(\.integer) }
    guard widths.count == call.builder.type(value).rank,
      widths.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0...1 << 24).contains($0) } }),
      widths[0] == [0, 0]
    else { throw PexError(.malformed, "expected two widths for every axis, none for the batch") }
    let number = try call.number("constant_values", default: 0)
    let mode = call.value("mode")?.text?.lowercased() ?? "constant"
    guard mode == "constant" else { return Feature(try mirrored(value, widths, mode, call.builder)) }
    let pad = Pad(before: widths.map { $0[0] }, after: widths.map { $0[1] }, value: number)
    return Feature(try call.builder.emit(.pad(pad), [value]))
  }

  /// A tensor with its borders repeated outwards: mirrored without the border itself (`reflect`), with it (`symmetric`),
  /// or the border alone (`edge`).
  private static func mirrored(
    _ value: ValueID, _ widths: [[Int]], _ mode: String, _ builder: GraphBuilder
  ) throws -> ValueID {
    var value = value
    for (axis, width) in widths.enumerated() where width != [0, 0] {
      let extent = builder.type(value).perSample[axis]
      let most: Int
      switch mode {
      case "reflect": most = extent - 1
      case "symmetric": most = extent
      case "edge": most = 1 << 16
      default: throw ArgumentRules.refusal("mode", mode)
      }
      guard width.allSatisfy({ $0 <= most }) else {
        throw PexError(.malformed, "setting 'paddings': \(width) is too much for \(extent) elements")
      }
      let (first, last) = mode == "reflect" ? (1, extent - 2) : (0, extent - 1)
      let front = (0..<width[0]).reversed().map { mode == "edge" ? 0 : first + $0 }
      let back = (0..<width[1]).map { mode == "edge" ? extent - 1 : last - $0 }
      value = try builder.emit(.gather(Gather(axis: axis, indices: front + Array(0..<extent) + back)), [value])
    }
    return value
  }

  /// Elements at given positions of an axis (`take`, `gather`).
  static func take(_ call: OperationCall) throws -> Feature {
    let value = try call.builder.natural(call.input())
    let extents = call.builder.type(value).perSample
    guard let written = call.value("indices", at: 1), let indices = try call.integers("indices", at: 1),
      let given = try call.integers("axis")?.first
    else {
      throw PexError(
        .unsupported, "arguments 'indices' and 'axis': positions that are no list of numbers, or of the batch")
    }
    let axis = try call.context.axis(given, of: extents.count)
    guard axis > 0 else { throw PexError(.unsupported, "argument 'axis': parts of the batch") }
    guard indices.allSatisfy({ (-extents[axis]..<extents[axis]).contains($0) }) else {
      throw PexError(.malformed, "setting 'indices': there are \(extents[axis]) positions")
    }
    let counted = indices.map { $0 < 0 ? $0 + extents[axis] : $0 }
    let part = try call.builder.emit(.gather(Gather(axis: axis, indices: counted)), [value])
    guard written.integer != nil else { return Feature(part) }
    var rest = call.builder.type(part).perSample
    rest.remove(at: axis)
    return Feature(try call.builder.reshape(part, Array(rest.dropFirst())))
  }

  /// Axes the other way round.
  static func flip(_ call: OperationCall) throws -> Feature {
    let value = try call.builder.natural(call.input())
    let type = call.builder.type(value)
    guard let given = try call.integers("axis") else {
      throw PexError(.unsupported, "argument 'axis': the batch the other way round")
    }
    let axes = try given.map { try call.context.axis($0, of: type.rank) }
    guard !axes.contains(0) else { throw PexError(.unsupported, "argument 'axis': the batch the other way round") }
    let starts = type.perSample.enumerated().map { axes.contains($0.offset) ? $0.element - 1 : 0 }
    let steps = starts.indices.map { axes.contains($0) ? -1 : 1 }
    let slice = StridedSlice(starts: starts, dimensions: type.dimensions, steps: steps)
    return Feature(try call.builder.emit(.slice(slice), [value]))
  }

  /// Every position of an axis as a tensor of its own.
  static func unstack(_ call: OperationCall) throws -> [Feature] {
    let value = try call.builder.natural(call.input())
    let type = call.builder.type(value)
    let axis = try call.context.axis(call.integers("axis")?.first ?? 0, of: type.rank)
    guard axis > 0 else { throw PexError(.unsupported, "argument 'axis': parts of the batch") }
    let extent = type.perSample[axis]
    guard try call.integers("num")?.first ?? extent == extent, extent <= 1024 else {
      throw PexError(.malformed, "setting 'num': there are \(extent) positions")
    }
    var rest = type.perSample
    rest.remove(at: axis)
    return try (0..<extent).map { position in
      var (starts, dimensions) = (type.dimensions.map { _ in 0 }, type.dimensions)
      (starts[axis], dimensions[axis]) = (position, 1)
      let part = try call.builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions)), [value])
      return Feature(try call.builder.reshape(part, Array(rest.dropFirst())))
    }
  }

  /// A tensor repeated along its axes.
  static func tile(_ call: OperationCall) throws -> Feature {
    let value = try call.builder.natural(call.input())
    let rank = call.builder.type(value).rank
    guard let repeats = try call.integers("multiples", "repeats", at: 1), repeats.count == rank, repeats.first == 1,
      repeats.allSatisfy({ (1...1 << 20).contains($0) })
    else {
      throw PexError(
        .unsupported,
        "argument '\(call.name("repeats", "multiples"))': expected one number for every axis, 1 for the batch")
    }
    return Feature(try call.builder.emit(.tile(Tile(repeats: repeats)), [value]))
  }
}
