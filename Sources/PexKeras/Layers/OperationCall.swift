import PexGraph
import PexTensor

/// One call of a function that stands in a network by itself: of `keras.ops`, or of TensorFlow in Keras 2.
///
/// Keras 3 writes parameters into settings, TensorFlow's functions have them as keywords. Whatever is read is noted: the
/// table refuses what is left over.
struct OperationCall {
  let context: LayerContext

  /// A tensor, or numbers that the model holds.
  enum Operand {
    case feature(Feature)
    case numbers([Float], shape: [Int])
  }

  var builder: GraphBuilder { context.builder }

  /// The first tensor, which stands alone.
  /// - Throws: ``PexError`` (malformed) when there is none, or a list of several.
  func input() throws -> Feature {
    let (name, argument) = try first()
    context.trace.note(name)
    guard argument.references.count == 1, let reference = argument.references.first,
      let feature = context.feature(.tensor(reference))
    else { throw PexError(.malformed, "expected one tensor, found \(argument.references.count)") }
    return feature
  }

  /// The tensors that the first argument lists.
  /// - Throws: ``PexError`` (unsupported) when there are numbers among them.
  func tensors() throws -> [Feature] {
    let (name, argument) = try first()
    context.trace.note(name)
    guard case .list(let items) = argument else { return [try input()] }
    return try items.map { item in
      guard let feature = context.feature(item) else { throw PexError(.unsupported, "numbers among the tensors") }
      return feature
    }
  }

  /// The first argument with a tensor in it.
  private func first() throws -> (String, LayerConfig.Argument) {
    let positions = context.call.arguments.enumerated().map { (ArgumentTrace.position($0.offset), $0.element) }
    let keywords = context.call.keywords.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    guard let found = (positions + keywords).first(where: { !$0.1.references.isEmpty }) else {
      throw PexError(.malformed, "expected a tensor")
    }
    return found
  }

  /// A parameter by its names in both libraries; nil when it is not given, null or a tensor.
  func value(_ names: String..., at position: Int? = nil) -> ConfigValue? { value(names, position) }

  private func value(_ names: [String], _ position: Int?) -> ConfigValue? {
    for name in names {
      // Settings of TensorFlow's functions are those of the layer that holds them.
      if context.layer.isOperation, let value = context.settings.value(name) { return value }
      if case .value(let value) = context.call.keywords[name], !value.isNull {
        context.trace.note(name)
        return value
      }
    }
    guard let position, context.call.arguments.indices.contains(position),
      case .value(let value) = context.call.arguments[position], !value.isNull
    else { return nil }
    context.trace.note(ArgumentTrace.position(position))
    return value
  }

  /// What the library that wrote the call says to a parameter.
  func name(_ keras: String, _ tensorFlow: String) -> String { context.layer.isOperation ? keras : tensorFlow }

  /// A parameter that is a number.
  func number(_ names: String..., at position: Int? = nil, default standard: Double) throws -> Double {
    guard let value = value(names, position) else { return standard }
    guard let number = value.number else { throw context.settings.misfit(names[0], "a number", value) }
    return number
  }

  /// A parameter that is one whole number or several; nil when it is not given.
  func integers(_ names: String..., at position: Int? = nil) throws -> [Int]? {
    guard let value = value(names, position) else { return nil }
    let list = value.list ?? value["items"]?.list ?? value["config"]?["value"]?.list ?? [value]
    let integers = list.compactMap(\.integer)
    guard integers.count == list.count, list.count <= 1 << 16 else {
      throw context.settings.misfit(names[0], "whole numbers", value)
    }
    return integers
  }

  func flag(_ names: String..., at position: Int? = nil, default standard: Bool) -> Bool {
    value(names, position).map { $0.bool ?? ($0.number != 0) } ?? standard
  }

  /// Whether channels stand last, in the words of either library.
  func isChannelsLast() throws -> Bool {
    guard let value = value("data_format") else { return true }
    switch value.text {
    case "channels_last", "NHWC", "NWC", "NDHWC", "N...C": return true
    case "channels_first", "NCHW", "NCW", "NCDHW", "NC...": return false
    default: throw context.settings.misfit("data_format", "channels_last or channels_first", value)
    }
  }

  /// The input with its channels behind the batch, and the order of what is computed from it.
  /// - Throws: ``PexError`` (malformed) when it is no map with spatial axes.
  func map() throws -> (value: ValueID, order: Feature.Order) {
    let feature = try input()
    let rank = builder.extents(feature).count
    guard (3...5).contains(rank) else { throw PexError(.malformed, "expected a map of one to three spatial axes") }
    let order: Feature.Order = try isChannelsLast() ? .channelsFirst : .natural
    return (try builder.ordered(feature, order), order)
  }

  /// The two sides of an operator, of which one may be numbers.
  /// - Throws: ``PexError`` (malformed) when there are others.
  func sides() throws -> (Operand, Operand) {
    if context.call.arguments.count == 1, case .list(let both) = context.call.arguments[0], both.count == 2 {
      context.trace.note(ArgumentTrace.position(0))
      return (try operand(both[0]), try operand(both[1]))
    }
    guard let left = try operand("x1", "x", "a", "value", at: 0), let right = try operand("x2", "y", "b", "bias", at: 1)
    else { throw PexError(.malformed, "expected two operands") }
    return (left, right)
  }

  /// A tensor or numbers by the names in both libraries, or the place; nil when there is nothing.
  func operand(_ names: String..., at position: Int) throws -> Operand? {
    let place = (ArgumentTrace.position(position), context.call.arguments.dropFirst(position).first)
    for (name, argument) in [place] + names.map({ ($0, context.call.keywords[$0]) }) {
      guard let argument, argument != .value(.null) else { continue }
      context.trace.note(name)
      return try operand(argument)
    }
    return nil
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
