import PexGraph
import PexTensor

/// What becomes of a model's inputs: some are given to a run, some are fixed to numbers, and those that nothing reads are
/// left out.
struct ModelInputs {
  /// Inputs that a run is given, in the model's order.
  private(set) var given: [ONNXValueInfo] = []
  /// Inputs that are fixed, with their numbers.
  private(set) var fixed: [(name: String, tensor: Tensor)] = []
  /// Given inputs whose arrays lie channels last, of four axes.
  private(set) var channelsLast: Set<String> = []
  /// What the user should know.
  private(set) var warnings: [String] = []

  /// - Throws: ``PexError``: (usage) when a value or shape is given for an input that does not exist, or a value does not fit
  ///   its input; (unsupported) when a network computes with other inputs than floating-point numbers.
  init(_ outline: ModelOutline, _ options: ImportOptions) throws {
    let names = outline.inputs.map(\.name)
    if let unknown = (Array(options.inputShapes.keys) + options.inputValues.keys).sorted().first(where: {
      !names.contains($0)
    }) {
      throw PexError(
        .usage, "there is no input '\(unknown)'",
        hint: names.isEmpty ? "the model has no inputs" : "the inputs are \(names.joined(separator: ", "))")
    }
    let hasReaders = outline.inputs.contains { outline.readers[$0.name] != nil }
    let readers = InputReaders(outline)
    for input in outline.inputs {
      if hasReaders, outline.readers[input.name] == nil {
        warnings.append("input '\(input.name)' is read by nothing and left out")
        continue
      }
      try naming("input '\(input.name)'") {
        if let value = options.inputValues[input.name] {
          fixed.append((input.name, try Self.tensor(value, for: input)))
        } else {
          try checkType(input, readers, output: outline.model.graph.outputs.first?.name)
          given.append(input)
        }
      }
      guard options.inputValues[input.name] == nil else { continue }
      try chooseLayout(input, options, readers)
    }
    if options.layout == .channelsLast, !given.isEmpty, channelsLast.isEmpty {
      throw PexError(.usage, "--layout nhwc: no input has four axes")
    }
  }

  /// What can be done about integers that are computed with: they may be a setting, or stand for words or bytes.
  private static func hint(_ input: ONNXValueInfo, _ readers: InputReaders, output: String?) -> String {
    let fixing = "if it is always the same, give it: --input \(input.name)=VALUE"
    let isOne = input.extents?.allSatisfy { $0 == .fixed(1) } ?? false
    guard !isOne, let numbers = readers.firstNumbers(behind: input.name), let output, numbers != output else {
      return fixing
    }
    return fixing
      + "; what is behind its numbers may convert by itself: onnx.utils.extract_model('model.onnx', 'part.onnx', "
      + "['\(numbers)'], ['\(output)'])"
  }

  private mutating func checkType(_ input: ONNXValueInfo, _ readers: InputReaders, output: String?) throws {
    guard let code = input.elementType else { throw PexError(.unsupported, "it is no tensor") }
    let type = try ElementType(code: code)
    guard let dtype = type.dtype else { throw PexError(.unsupported, "expected numbers, found \(type)s") }
    if dtype.isFloat {
      if dtype != .float32 { warnings.append("input '\(input.name)' is \(dtype.name) in the file and f32 here") }
      return
    }
    if dtype == .bool || readers.firstIntegerReader(of: input.name) != nil {
      let place = readers.firstIntegerReader(of: input.name).map { ": node '\($0.name)' (\($0.op)) reads it as such" }
      throw PexError(
        .unsupported,
        "expected floating-point numbers, or integers that are only cast to such, found \(type)\(place ?? "")",
        hint: Self.hint(input, readers, output: output))
    }
    warnings.append("input '\(input.name)' is \(type) in the file, and whole numbers in f32 here")
  }

  private mutating func chooseLayout(_ input: ONNXValueInfo, _ options: ImportOptions, _ readers: InputReaders) throws {
    let rank = input.extents?.count ?? options.inputShapes[input.name]?.count
    guard rank == 4 else { return }
    switch options.layout {
    case .channelsLast?: channelsLast.insert(input.name)
    case .channelsFirst?: break
    case nil:
      guard let channels = Self.lastExtent(input, options), [1, 3, 4].contains(channels),
        readers.isTransposed(input.name, isGray: channels == 1)
      else { return }
      channelsLast.insert(input.name)
    }
  }

  private static func lastExtent(_ input: ONNXValueInfo, _ options: ImportOptions) -> Int? {
    if case .fixed(let extent)? = input.extents?.last, extent > 0 { return extent }
    return options.inputShapes[input.name]?.last
  }

  /// What a value that somebody gave is as the input's tensor. Open extents that one number or the list cannot tell are 1.
  private static func tensor(_ value: InputValue, for input: ONNXValueInfo) throws -> Tensor {
    guard let code = input.elementType, let dtype = try ElementType(code: code).dtype else {
      throw PexError(.unsupported, "it is no tensor of numbers")
    }
    switch value {
    case .array(let array):
      guard fits(array.shape.dimensions, input.extents) else {
        throw PexError(.usage, "the array is \(array.shape), the input \(InputShapes.text(input))")
      }
      return dtype.isFloat ? try array.asFloat32() : array
    case .numbers(let numbers):
      let extents = try extents(of: input, count: numbers.count)
      let count = try Shape(extents).count
      guard count <= 1 << 24 else { throw PexError(.usage, "its \(count) elements are too many for one value") }
      let all = numbers.count == 1 ? Array(repeating: numbers[0], count: count) : numbers
      if dtype.isFloat { return try Tensor(extents, all.map(Float.init)) }
      let whole = try all.map { number in
        guard let integer = Int64(exactly: number) else {
          throw PexError(.usage, "\(number) is no whole number, which the input holds")
        }
        return integer
      }
      return try Tensor(extents, whole)
    }
  }

  private static func fits(_ extents: [Int], _ declared: [ONNXValueInfo.Extent]?) -> Bool {
    guard let declared else { return true }
    return extents.count == declared.count
      && zip(extents, declared).allSatisfy { $1.isOpen || $1 == .fixed($0) }
  }

  private static func extents(of input: ONNXValueInfo, count: Int) throws -> [Int] {
    guard let declared = input.extents else { return count == 1 ? [] : [count] }
    var extents = declared.map { extent in if case .fixed(let value) = extent, value > 0 { value } else { 1 } }
    let product = try Shape(extents).count
    guard count != 1, count != product else { return extents }
    // The innermost open extent takes what the list has; the batch none.
    let places = declared.indices.dropFirst(declared.count > 1 ? 1 : 0)
    guard let open = places.last(where: { declared[$0].isOpen }), product > 0, count % product == 0 else {
      throw PexError(.usage, "\(count) numbers were given for \(InputShapes.text(input))")
    }
    extents[open] = count / product
    return extents
  }
}

extension ONNXValueInfo.Extent {
  /// Whether the file leaves it open: exporters write that as a symbol, as -1 or as 0, which no network can compute with.
  var isOpen: Bool {
    switch self {
    case .symbol, .fixed(-1), .fixed(0): true
    case .fixed: false
    }
  }
}
