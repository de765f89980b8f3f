import PexGraph
import PexTensor

/// The extents that a model's inputs get, with the batch symbolic and without.
struct InputShapes {
  /// Extents by input, in the model's order, with the batch symbolic where that may be.
  private(set) var symbolic: [(name: String, dimensions: [Dimension])] = []
  /// The same with every extent a number: 1 for a batch that nobody gave.
  private(set) var fixed: [(name: String, dimensions: [Dimension])] = []
  /// The batch that the file fixes; nil where it leaves it open.
  private(set) var fileBatch: Int?
  /// The samples of a run where the batch is not symbolic.
  var samples: Int { fixed.first { $0.dimensions.count >= 2 }?.dimensions.first?.perSample ?? 1 }
  /// Whether somebody asks for another batch than the file fixes.
  var changesBatch: Bool { fileBatch.map { $0 != samples } ?? false }
  /// Whether any input has a symbolic batch.
  var hasBatch: Bool { symbolic.contains { $0.dimensions.first == .batch } }

  /// The extents with a number in place of the symbolic batch.
  func fixed(batch: Int) -> [(name: String, dimensions: [Dimension])] {
    symbolic.map { input in (input.name, input.dimensions.map { $0 == .batch ? .fixed(batch) : $0 }) }
  }

  /// The extents of the given inputs.
  /// - Throws: ``PexError`` (usage) when an extent is open and `overrides` does not give it, or contradicts the file.
  init(_ inputs: [ONNXValueInfo], overrides: [String: [Int]]) throws {
    var resolved: [(name: String, extents: [Int], isOpen: Bool)] = []
    var batches: Set<Int> = []
    for input in inputs {
      let shape = try naming("input '\(input.name)'") {
        try Self.extents(input, override: overrides[input.name])
      }
      resolved.append((input.name, shape.extents, shape.isOpen))
      if case .fixed(let batch)? = input.extents?.first, !shape.isOpen, shape.extents.count >= 2 {
        batches.insert(batch)
      }
    }
    // A leading extent is the batch where the file leaves it open; where no input's is, where all inputs agree on it.
    let maps = resolved.filter { $0.extents.count >= 2 }
    let anyOpen = maps.contains(where: \.isOpen)
    let agree = Set(maps.map { $0.extents[0] }).count == 1
    if !anyOpen, agree, batches.count == 1 { fileBatch = batches.first }
    for (name, extents, isOpen) in resolved {
      var dimensions = extents.map(Dimension.fixed)
      fixed.append((name, dimensions))
      if extents.count >= 2, isOpen || (!anyOpen && agree) { dimensions[0] = .batch }
      symbolic.append((name, dimensions))
    }
  }

  private static func extents(_ input: ONNXValueInfo, override: [Int]?) throws -> (extents: [Int], isOpen: Bool) {
    if let override, override.contains(where: { $0 < 1 }) {
      throw PexError(.usage, "extents \(override) must be at least 1")
    }
    guard let declared = input.extents else {
      guard let override else {
        throw PexError(
          .usage, "the file does not give its shape", hint: "give it, as in --input \(input.name):1x3x224x224")
      }
      return (override, true)
    }
    var given: [Int?] = Array(repeating: nil, count: declared.count)
    if let override {
      guard override.count == declared.count || override.count == declared.count - 1 else {
        throw PexError(
          .usage, "\(override.count) extents were given for an input that has \(declared.count)", hint: hint(input))
      }
      given.replaceSubrange((declared.count - override.count)..., with: override)
    }
    var extents: [Int] = []
    for (axis, (extent, wanted)) in zip(declared, given).enumerated() {
      if case .fixed(let extent) = extent, !declared[axis].isOpen {
        guard extent >= 0 else { throw PexError(.malformed, "extent \(extent) is negative") }
        guard wanted == nil || wanted == extent || axis == 0 else {
          throw PexError(.usage, "extent \(axis) is \(extent) in the file and cannot be changed", hint: hint(input))
        }
        // Samples that stay apart may be as many as one likes.
        extents.append(axis == 0 && declared.count >= 2 ? wanted ?? extent : extent)
      } else if let wanted {
        extents.append(wanted)
      } else {
        guard axis == 0, declared.count >= 2 else {
          throw PexError(.usage, "extent \(axis) is open\(symbol(extent))", hint: hint(input))
        }
        extents.append(1)
      }
    }
    return (extents, declared.first?.isOpen ?? false)
  }

  private static func symbol(_ extent: ONNXValueInfo.Extent) -> String {
    switch extent {
    case .symbol(let name): name.isEmpty ? "" : " ('\(name)')"
    case .fixed(let number): " (\(number))"
    }
  }
}

extension InputShapes {
  /// The shape as the file says it, with words for what is open.
  static func text(_ input: ONNXValueInfo) -> String {
    guard let extents = input.extents else { return "of any shape" }
    return "[\(extents.enumerated().map { word($1, axis: $0, of: extents, batch: "N") }.joined(separator: ","))]"
  }

  /// How to give what the file leaves open.
  fileprivate static func hint(_ input: ONNXValueInfo) -> String? {
    guard let extents = input.extents, !extents.isEmpty else { return nil }
    func option(_ words: [String]) -> String { "\(input.name):\(words.joined(separator: "x"))" }
    let words = extents.enumerated().map { word($1, axis: $0, of: extents, batch: "1") }
    let places = extents.indices.dropFirst(extents.count == 1 ? 0 : 1).filter { extents[$0].isOpen }
    guard !places.isEmpty else { return "its shape in the file is \(option(words))" }
    var text = "give what is open as a number: --input \(option(words))"
    if extents.count == 4, places.count == 2, places.allSatisfy({ ["HEIGHT", "WIDTH"].contains(words[$0]) }) {
      text += ", as in \(option(words.indices.map { places.contains($0) ? "224" : words[$0] }))"
    }
    if extents.count == 1 { text += ", or its numbers: --input \(input.name)=VALUE" }
    return text
  }

  /// An extent, or a word for one that is open: what the file calls it, or what it usually is.
  private static func word(
    _ extent: ONNXValueInfo.Extent, axis: Int, of extents: [ONNXValueInfo.Extent], batch: String
  ) -> String {
    if case .fixed(let number) = extent, !extent.isOpen { return String(number) }
    if axis == 0, extents.count > 1 { return batch }
    if extents.count == 4 {
      let isLast = [1, 3, 4].map(ONNXValueInfo.Extent.fixed).contains(extents[3]) && extents[1].isOpen
      return (isLast ? ["", "HEIGHT", "WIDTH", "CHANNELS"] : ["", "CHANNELS", "HEIGHT", "WIDTH"])[axis]
    }
    if case .symbol(let name) = extent, !name.isEmpty, name.utf8.count <= 40,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "_") })
    {
      return name.uppercased()
    }
    return extents.count <= 3 && axis == extents.count - 1 ? "LENGTH" : "EXTENT\(axis)"
  }
}
