import PexTensor

extension Graph {
  /// The graph as text, one line a value, node or output; ``parse(_:)`` reads it back.
  ///
  ///     input %image: f32[N,3,8,8] nchw
  ///     constant %w: f32[4,3,1,1] = random 7
  ///     %y: f32[N,4,8,8] = convolution(%image, %w) {kernel=[1,1], …, groups=1}
  ///     output %y
  ///
  /// - Parameter allNumbers: whether constants of more than 16 elements are written out; otherwise they read `elided`,
  ///   which the parser refuses.
  public func text(allNumbers: Bool = false) -> String {
    var lines: [String] = []
    for input in inputs {
      lines.append("input \(reference(input.value)): \(self[input.value].type) \(input.layout.rawValue)")
    }
    for value in values {
      guard let constant = value.constant else { continue }
      let numbers =
        allNumbers || constant.count <= 16 ? "values " + Self.literal(constant) : "elided"
      let storage = constant.dtype == value.type.dtype ? "" : " as \(constant.dtype.name)"
      lines.append("constant \(Self.quoted(value.name)): \(value.type)\(storage) = \(numbers)")
    }
    for node in nodes {
      let outputs = node.outputs.map { "\(reference($0)): \(self[$0].type)" }.joined(separator: ", ")
      let inputs = node.inputs.map(reference).joined(separator: ", ")
      let attributes = node.operation.payload.attributes.map { "\($0.name)=\(Self.literal($0.value))" }
      let settings = attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}"
      lines.append("\(outputs) = \(node.operation.mnemonic)(\(inputs))\(settings)")
    }
    for (output, axis) in zip(outputs, batchAxes) {
      lines.append("output \(reference(output))" + (axis == 0 ? "" : " batch \(axis)"))
    }
    if let classifier {
      lines.append(
        "classifier \(reference(classifier.output)) \(classifier.kind.rawValue) \(reference(classifier.logits))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func reference(_ id: ValueID) -> String { Self.quoted(self[id].name) }

  /// `%name`, in quotes where it holds anything that could end it.
  private static func quoted(_ name: String) -> String {
    let plain = name.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard !plain else { return "%" + name }
    let escaped = name.map { character -> String in
      switch character {
      case "\"": return "\\\""
      case "\\": return "\\\\"
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\r\n": return "\\r\\n"
      default: return String(character)
      }
    }
    return "%\"" + escaped.joined() + "\""
  }

  private static func literal(_ tensor: Tensor) -> String {
    if let integers = tensor.integers { return integers.map(String.init).joined(separator: " ") }
    return tensor.floats.map { "\($0)" }.joined(separator: " ")
  }

  private static func literal(_ value: AttributeValue) -> String {
    switch value {
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .integers(let numbers): "[" + numbers.map(String.init).joined(separator: ",") + "]"
    case .word(let word): word
    case .dimensions(let dimensions): "[" + dimensions.map(\.description).joined(separator: ",") + "]"
    }
  }
}

extension Graph: CustomStringConvertible {
  public var description: String { text() }
}
