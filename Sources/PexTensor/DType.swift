/// The type of a tensor's elements. The raw values are part of the bundle format and never change.
public enum DType: UInt8, CaseIterable, Sendable {
  case float32 = 1
  case float16 = 2
  case bfloat16 = 3
  case float64 = 4
  case int8 = 5
  case uint8 = 6
  case int32 = 7
  case int64 = 8
  case bool = 9

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// Whether the elements are floating-point numbers.
  public var isFloat: Bool {
    switch self {
    case .float32, .float16, .bfloat16, .float64: true
    case .int8, .uint8, .int32, .int64, .bool: false
    }
  }

  /// The short name used in the text form and in JSON: `f32`, `i64`, …
  public var name: String {
    switch self {
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .float64: "f64"
    case .int8: "i8"
    case .uint8: "u8"
    case .int32: "i32"
    case .int64: "i64"
    case .bool: "bool"
    }
  }

  /// The type with the given short name, or nil.
  public init?(name: String) {
    guard let match = DType.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
}
