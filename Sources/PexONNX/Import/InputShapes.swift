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
  /// What the user should know.
  private(set) var warnings: [String] = []

  /// Whether any input has a symbolic batch.
  var hasBatch: Bool { symbolic.contains { $0.dimensions.first == .batch } }

  /// The extents with a number in place of the symbolic batch.
  func fixed(batch: Int) -> [(name: String, dimensions: [Dimension])] {
    symbolic.map { input in (input.name, input.dimensions.map { $0 == .batch ? .fixed(batch) : $0 }) }
  }

  /// The extents of the given inputs.
  /// - Throws: ``PexError`` (usage) when an extent is open and `overrides` does not give it, or contradicts the file;
  ///   (unsupported) for inputs that are no floating-point numbers.
  init(_ inputs: [ONNXValueInfo], overrides: [String: [Int]]) throws {
    if let unknown = overrides.keys.sorted().first(where: { name in !inputs.contains { $0.name == name } }) {
      throw PexError(
        .usage, "there is no input '\(unknown)'",
        hint: "the inputs are \(inputs.map(\.name).joined(separator: ", "))")
    }
    var resolved: [(name: String, extents: [Int], isOpen: Bool)] = []
    for input in inputs {
      let shape = try naming("input '\(input.name)'") {
        try checkType(input)
        return try Self.extents(input, override: overrides[input.name])
      }
      resolved.append((input.name, shape.extents, shape.isOpen))
    }
    // A leading extent is the batch where the file leaves it open; where no input's is, where all inputs agree on it.
    let maps = resolved.filter { $0.extents.count >= 2 }
    let anyOpen = maps.contains(where: \.isOpen)
    let agree = Set(maps.map { $0.extents[0] }).count == 1
    if !anyOpen, agree { fileBatch = maps.first?.extents.first }
    for (name, extents, isOpen) in resolved {
      var dimensions = extents.map(Dimension.fixed)
      fixed.append((name, dimensions))
      if extents.count >= 2, isOpen || (!anyOpen && agree) { dimensions[0] = .batch }
      symbolic.append((name, dimensions))
    }
  }

  private mutating func checkType(_ input: ONNXValueInfo) throws {
    guard let code = input.elementType else { throw PexError(.unsupported, "it is no tensor") }
    let type = try ElementType(code: code)
    guard let dtype = type.dtype, dtype.isFloat else {
      throw PexError(.unsupported, "expected floating-point numbers, found \(type)")
    }
    if dtype != .float32 { warnings.append("input '\(input.name)' is \(dtype.name) in the file and f32 here") }
  }

  private static func extents(_ input: ONNXValueInfo, override: [Int]?) throws -> (extents: [Int], isOpen: Bool) {
    if let override, override.contains(where: { $0 < 1 }) {
      throw PexError(.usage, "extents \(override) must be at least 1")
    }
    guard let declared = input.extents else {
      guard let override else {
        throw PexError(.usage, "the file does not give its shape", hint: "give it with --input NAME:1x3x224x224")
      }
      return (override, true)
    }
    let isOpen = if case .symbol? = declared.first { true } else { false }
    var given: [Int?] = Array(repeating: nil, count: declared.count)
    if let override {
      guard override.count == declared.count || override.count == declared.count - 1 else {
        throw PexError(.usage, "\(override.count) extents were given for an input that has \(declared.count)")
      }
      given.replaceSubrange((declared.count - override.count)..., with: override)
    }
    var extents: [Int] = []
    for (axis, pair) in zip(declared, given).enumerated() {
      switch pair {
      case (.fixed(let extent), let wanted):
        guard extent >= 0 else { throw PexError(.malformed, "extent \(extent) is negative") }
        guard wanted == nil || wanted == extent || axis == 0 else {
          throw PexError(.usage, "extent \(axis) is \(extent) in the file and cannot be changed")
        }
        extents.append(extent)
      case (.symbol, let wanted?): extents.append(wanted)
      case (.symbol, nil) where axis == 0 && declared.count >= 2: extents.append(1)
      case (.symbol(let symbol), nil):
        throw PexError(
          .usage, "extent \(axis) is open ('\(symbol)')",
          hint: "give all extents with --input \(input.name):1x3x224x224, in the model's order")
      }
    }
    return (extents, isOpen)
  }
}
