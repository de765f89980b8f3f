/// An attribute of a node that is written.
struct ExportAttribute {
  private enum Value {
    case integer(Int)
    case float(Float)
    case integers([Int])
    case floats([Double])
    case string(String)
    case strings([String])
  }

  /// What the operator's specification calls it.
  let name: String
  private let value: Value

  static func integer(_ name: String, _ value: Int) -> Self { Self(name: name, value: .integer(value)) }
  static func flag(_ name: String, _ value: Bool) -> Self { Self(name: name, value: .integer(value ? 1 : 0)) }
  /// ONNX keeps numbers in f32.
  static func float(_ name: String, _ value: Double) -> Self { Self(name: name, value: .float(Float(value))) }
  static func integers(_ name: String, _ value: [Int]) -> Self { Self(name: name, value: .integers(value)) }
  static func floats(_ name: String, _ value: [Double]) -> Self { Self(name: name, value: .floats(value)) }
  static func strings(_ name: String, _ value: [String]) -> Self { Self(name: name, value: .strings(value)) }
  static func string(_ name: String, _ value: String) -> Self { Self(name: name, value: .string(value)) }

  /// Writes the fields of an `AttributeProto`. Each kind has a field and a code of its own.
  func write(_ message: inout WireDraft) {
    message.string(1, name)
    switch value {
    case .float(let number):
      message.float(2, number)
      message.integer(20, 1)
    case .integer(let number):
      message.integer(3, number)
      message.integer(20, 2)
    case .string(let text):
      message.string(4, text)
      message.integer(20, 3)
    case .integers(let numbers):
      for number in numbers { message.integer(8, number) }
      message.integer(20, 7)
    case .floats(let numbers):
      for number in numbers { message.float(7, Float(number)) }
      message.integer(20, 6)
    case .strings(let texts):
      for text in texts { message.string(9, text) }
      message.integer(20, 8)
    }
  }
}
