import PexTensor

/// The element types of ONNX tensors (`TensorProto.DataType`) that have a meaning here.
enum ElementType: Int {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

  /// Bytes of one element in `raw_data`; nil for strings.
  var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float, .int32, .uint32: 4
    case .int64, .double, .uint64: 8
    case .string: nil
    }
  }

  /// The type that holds every number of this one; nil for strings.
  var dtype: DType? {
    switch self {
    case .float: .float32
    case .uint8: .uint8
    case .int8: .int8
    case .uint16, .int16, .int32: .int32
    case .uint32, .int64, .uint64: .int64
    case .bool: .bool
    case .float16: .float16
    case .double: .float64
    case .bfloat16: .bfloat16
    case .string: nil
    }
  }

  /// The type with a code from a file.
  /// - Throws: ``PexError`` (unsupported) naming complex, 8-bit and smaller floating-point, 4-bit and unknown types.
  init(code: Int) throws {
    guard let type = ElementType(rawValue: code) else {
      let name = Self.unsupportedNames[code].map { " (\($0))" } ?? ""
      throw PexError(
        .unsupported, "element type \(code)\(name) is not supported",
        hint: name.isEmpty ? nil : "export the model with floating-point weights of 16 or 32 bits")
    }
    self = type
  }

  /// Types of the specification that no tensor of pex holds.
  private static let unsupportedNames = [
    14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
    20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
  ]
}
