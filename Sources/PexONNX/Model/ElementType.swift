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
  /// - Throws: ``PexError`` (unsupported) for complex, 8-bit and 4-bit floating-point and unknown types.
  init(code: Int) throws {
    guard let type = ElementType(rawValue: code) else {
      throw PexError(.unsupported, "element type \(code) is not supported")
    }
    self = type
  }
}
