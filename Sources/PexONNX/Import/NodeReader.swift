import PexGraph
import PexTensor

/// What an operator's function sees of a node: its inputs and its attributes, by typed readers only, so that every error
/// says which input or attribute was expected to be what.
final class NodeReader {
  let node: ONNXNode
  /// The model's version of the standard operator set.
  let opset: Int
  private let inputs: [ImportedValue?]
  private var attributes: [String: ONNXAttribute.Value] = [:]

  /// A reader of a node whose inputs have been looked up; nil for those left out.
  /// - Throws: ``PexError`` (malformed) when an attribute occurs twice.
  init(_ node: ONNXNode, inputs: [ImportedValue?], opset: Int) throws {
    self.node = node
    self.inputs = inputs
    self.opset = opset
    for attribute in node.attributes {
      guard attributes.updateValue(attribute.value, forKey: attribute.name) == nil else {
        throw PexError(.malformed, "attribute '\(attribute.name)' occurs twice")
      }
    }
    // Left over from the first operator sets, without a meaning.
    attributes["consumed_inputs"] = nil
  }

  /// The number of inputs, left-out ones in the middle included.
  var inputCount: Int { inputs.count }

  /// The input at a position, called `label` in the operator's specification.
  /// - Throws: ``PexError`` (malformed) when it is left out.
  func input(_ index: Int, _ label: String) throws -> ImportedValue {
    guard let value = optionalInput(index) else { throw missing(index, label) }
    return value
  }

  /// The input at a position, or nil when it is left out.
  func optionalInput(_ index: Int) -> ImportedValue? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// The known integers that an input holds, the batch among them; nil when the input is left out.
  /// - Throws: ``PexError`` (unsupported) when they are computed while the network runs.
  func optionalArray(_ index: Int, _ label: String) throws -> KnownIntegers? {
    switch optionalInput(index) {
    case nil: return nil
    case .integers(let known): return known
    case .constant(_, let tensor):
      throw PexError(
        tensor.dtype.isFloat ? .malformed : .unsupported,
        "input \(index) (\(label)): expected a list of integers, found \(tensor.dtype.name)\(tensor.shape)")
    case .computed:
      throw PexError(
        .unsupported, "input \(index) (\(label)): expected integers known beforehand, found numbers that are computed")
    }
  }

  /// The known integers that an input holds.
  func array(_ index: Int, _ label: String) throws -> KnownIntegers {
    guard let array = try optionalArray(index, label) else { throw missing(index, label) }
    return array
  }

  /// The known integers that an input holds, without the batch; nil when the input is left out.
  func optionalIntegers(_ index: Int, _ label: String) throws -> [Int]? {
    guard let array = try optionalArray(index, label) else { return nil }
    guard let integers = array.integers else {
      throw PexError(.unsupported, "input \(index) (\(label)) depends on the batch")
    }
    return integers
  }

  /// The known integers that an input holds, without the batch.
  func integers(_ index: Int, _ label: String) throws -> [Int] {
    guard let integers = try optionalIntegers(index, label) else { throw missing(index, label) }
    return integers
  }

  /// The one known number that an input holds; nil when the input is left out.
  func optionalScalar(_ index: Int, _ label: String) throws -> Double? {
    switch optionalInput(index) {
    case nil: return nil
    case .constant(_, let tensor) where tensor.count == 1: return tensor.floats.first.map(Double.init)
    case .integers(let known) where known.elements.count == 1: return known.integers?.first.map(Double.init)
    case .constant, .integers: throw PexError(.malformed, "input \(index) (\(label)): expected one number")
    case .computed:
      throw PexError(
        .unsupported, "input \(index) (\(label)): expected a number known beforehand, found one that is computed")
    }
  }

  /// The known numbers that an input holds, as f32; nil when the input is left out or empty.
  func optionalNumbers(_ index: Int, _ label: String, _ builder: GraphBuilder) throws -> [Double]? {
    let numbers: Tensor?
    switch optionalInput(index) {
    case nil: return nil
    case .constant(_, let tensor): numbers = tensor
    case .integers(let known): numbers = known.tensor
    case .computed(let id): numbers = builder.constant(id)
    }
    guard let numbers else {
      throw PexError(
        .unsupported, "input \(index) (\(label)): expected numbers known beforehand, found ones that are computed")
    }
    return numbers.count == 0 ? nil : numbers.floats.map(Double.init)
  }

  /// Whether somebody may read the output at a position.
  func gives(_ index: Int) -> Bool { node.outputs.indices.contains(index) && !node.outputs[index].isEmpty }

  /// Takes the integer named `name`; `fallback` when there is none.
  func integer(_ name: String, default fallback: Int) throws -> Int { try optionalInteger(name) ?? fallback }

  /// Takes the integer named `name`, or nil.
  func optionalInteger(_ name: String) throws -> Int? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .integer(let value): return value
    case let other?: throw mismatch(name, "an integer", other)
    }
  }

  /// Takes the truth value named `name`.
  func flag(_ name: String, default fallback: Bool) throws -> Bool {
    guard let value = try optionalInteger(name) else { return fallback }
    guard value == 0 || value == 1 else {
      throw PexError(.malformed, "attribute '\(name)': expected 0 or 1, found \(value)")
    }
    return value == 1
  }

  /// Takes the number named `name`; `fallback` when there is none. NaN is refused.
  func float(_ name: String, default fallback: Double) throws -> Double { try optionalFloat(name) ?? fallback }

  /// Takes the number named `name`, or nil. NaN is refused.
  func optionalFloat(_ name: String) throws -> Double? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .float(let value) where !value.isNaN: return Double(value)
    case let other?: throw mismatch(name, "a number", other)
    }
  }

  /// Takes the list of numbers named `name`, or nil.
  func optionalFloats(_ name: String) throws -> [Float]? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .floats(let values): return values
    case let other?: throw mismatch(name, "a list of numbers", other)
    }
  }

  /// Takes the list of integers named `name`, or nil.
  func optionalIntegers(_ name: String) throws -> [Int]? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .integers(let values): return values
    case let other?: throw mismatch(name, "a list of integers", other)
    }
  }

  /// Takes the word named `name`; `fallback` when there is none.
  func string(_ name: String, default fallback: String) throws -> String {
    switch attributes.removeValue(forKey: name) {
    case nil: return fallback
    case .string(let value): return value
    case let other?: throw mismatch(name, "a string", other)
    }
  }

  /// Takes the list of words named `name`, or nil.
  func optionalStrings(_ name: String) throws -> [String]? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .strings(let values): return values
    case let other?: throw mismatch(name, "a list of strings", other)
    }
  }

  /// Takes the tensor named `name`, or nil.
  func optionalTensor(_ name: String) throws -> ONNXTensor? {
    switch attributes.removeValue(forKey: name) {
    case nil: return nil
    case .tensor(let value): return value
    case let other?: throw mismatch(name, "a tensor", other)
    }
  }

  /// Takes an attribute that changes nothing at inference.
  func ignore(_ name: String) { attributes[name] = nil }

  /// Checks that every attribute was taken.
  /// - Throws: ``PexError`` (unsupported) naming those that were not.
  func finish() throws {
    guard !attributes.isEmpty else { return }
    let names = attributes.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
    throw PexError(.unsupported, "attribute \(names) is not supported at opset \(opset)")
  }

  private func missing(_ index: Int, _ label: String) -> PexError {
    PexError(.malformed, "input \(index) (\(label)) is missing")
  }

  private func mismatch(_ name: String, _ expected: String, _ found: ONNXAttribute.Value) -> PexError {
    PexError(.malformed, "attribute '\(name)': expected \(expected), found \(found.summary)")
  }
}

extension ONNXAttribute.Value {
  /// What it is, for messages.
  var summary: String {
    switch self {
    case .float(let value): "the number \(value)"
    case .integer(let value): "the integer \(value)"
    case .string(let value): "the string '\(value.prefix(40))'"
    case .tensor: "a tensor"
    case .floats: "a list of numbers"
    case .integers: "a list of integers"
    case .strings: "a list of strings"
    case .graph: "a graph"
    case .reference(let name): "a reference to a function's attribute '\(name)'"
    case .other(let summary): summary
    }
  }
}
