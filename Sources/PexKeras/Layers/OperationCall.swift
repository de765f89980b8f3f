import PexGraph
import PexTensor

/// One call of a function that stands in a network by itself: of `keras.ops`, or of TensorFlow in Keras 2.
///
/// Keras 3 writes parameters into settings, TensorFlow's functions have them as keywords.
struct OperationCall {
  let context: LayerContext

  /// A tensor, or numbers that the model holds.
  enum Operand {
    case feature(Feature)
    case numbers([Float], shape: [Int])
  }

  var builder: GraphBuilder { context.builder }

  /// The first tensor.
  /// - Throws: ``PexError`` (malformed) when there is none.
  func input() throws -> Feature {
    guard let first = context.inputs.first else { throw PexError(.malformed, "expected a tensor") }
    return first
  }

  /// A parameter by its names in both libraries; nil when it is not given or null.
  func value(_ names: String..., at position: Int? = nil) -> ConfigValue? {
    for name in names {
      if let value = context.settings.value(name) { return value }
      if case .value(let value) = context.call.keywords[name], !value.isNull { return value }
    }
    guard let position, context.call.arguments.indices.contains(position),
      case .value(let value) = context.call.arguments[position], !value.isNull
    else { return nil }
    return value
  }

  /// A parameter that is a number.
  func number(_ names: String..., default standard: Double) throws -> Double {
    for name in names {
      guard let value = value(name) else { continue }
      guard let number = value.number else { throw context.settings.misfit(name, "a number", value) }
      return number
    }
    return standard
  }

  /// A parameter that is one whole number or several; nil when it is not given.
  func integers(_ names: String..., at position: Int? = nil) throws -> [Int]? {
    for name in names {
      guard let value = value(name, at: position) else { continue }
      let list = value.list ?? value["items"]?.list ?? [value]
      let integers = list.compactMap(\.integer)
      guard integers.count == list.count, list.count <= 64 else {
        throw context.settings.misfit(name, "whole numbers", value)
      }
      return integers
    }
    return nil
  }

  func flag(_ names: String..., default standard: Bool) -> Bool {
    for name in names { if let value = value(name) { return value.bool ?? (value.number != 0) } }
    return standard
  }

  /// The two sides of an operator, of which one may be numbers.
  /// - Throws: ``PexError`` (malformed) when there are others.
  func sides() throws -> (Operand, Operand) {
    var arguments = context.call.arguments
    if arguments.count == 1, case .list(let both) = arguments[0] { arguments = both }
    for name in ["x1", "x", "x2", "y"] { if let argument = context.call.keywords[name] { arguments.append(argument) } }
    guard arguments.count == 2 else { throw PexError(.malformed, "expected two operands, found \(arguments.count)") }
    return (try operand(arguments[0]), try operand(arguments[1]))
  }

  private func operand(_ argument: LayerConfig.Argument) throws -> Operand {
    switch argument {
    case .tensor:
      guard let feature = context.feature(argument) else { throw PexError(.malformed, "a tensor is not there") }
      return .feature(feature)
    case .value(let value): return try Self.numbers(value["config"]?["value"] ?? value)
    case .list: throw PexError(.unsupported, "lists of tensors as an operand")
    }
  }

  /// Numbers in nested lists, all of one shape.
  static func numbers(_ value: ConfigValue) throws -> Operand {
    var (shape, numbers): ([Int], [Float]) = ([], [])
    var inner: ConfigValue? = value
    while let list = inner?.list {
      guard shape.count < 8 else { throw PexError(.malformed, "numbers have too many axes") }
      shape.append(list.count)
      inner = list.first
    }
    func collect(_ value: ConfigValue, _ depth: Int) throws {
      if let number = value.number ?? value.bool.map({ $0 ? 1 : 0 }), depth == shape.count {
        numbers.append(Float(number))
      } else if let list = value.list, depth < shape.count, list.count == shape[depth] {
        for item in list { try collect(item, depth + 1) }
      } else {
        throw PexError(.malformed, "expected numbers in a regular array, found \(value)")
      }
    }
    try collect(value, 0)
    return .numbers(numbers, shape: shape)
  }
}
