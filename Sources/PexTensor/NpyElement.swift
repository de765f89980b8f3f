/// The types of numbers that are read from .npy files; the raw values are NumPy's names for them.
package enum NpyElement: String, CaseIterable, Sendable {
  case float16 = "<f2"
  case float32 = "<f4"
  case float64 = "<f8"
  case int8 = "|i1"
  case uint8 = "|u1"
  case int16 = "<i2"
  case uint16 = "<u2"
  case int32 = "<i4"
  case uint32 = "<u4"
  case int64 = "<i8"
  case bool = "|b1"

  /// The type that NumPy calls so, and whether its most significant bytes come first; nil for a type that is not read.
  static func named(_ descr: String) -> (element: NpyElement, isBigEndian: Bool)? {
    if let element = NpyElement(rawValue: descr) { return (element, false) }
    guard descr.hasPrefix(">"), let element = NpyElement(rawValue: "<" + descr.dropFirst()) else { return nil }
    return (element, true)
  }

  /// Bytes of one element in the file.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64: 8
    }
  }

  /// The tensor type that holds every value of this type.
  package var dtype: DType {
    switch self {
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    case .int8: .int8
    case .uint8: .uint8
    case .int16, .uint16, .int32: .int32
    case .uint32, .int64: .int64
    case .bool: .bool
    }
  }

  /// Whether the file's bytes are the tensor's bytes.
  package var isStoredAsIs: Bool { byteCount == dtype.byteCount }

  /// Writes the elements of `source`, packed as in the file, into `target`, widened.
  /// `target` has room for as many elements of ``dtype`` as `source` holds.
  func widen(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
    switch self {
    case .int16: convert(source, Int16.self, into: target.bindMemory(to: Int32.self))
    case .uint16: convert(source, UInt16.self, into: target.bindMemory(to: Int32.self))
    case .uint32: convert(source, UInt32.self, into: target.bindMemory(to: Int64.self))
    case .float16, .float32, .float64, .int8, .uint8, .int32, .int64, .bool: target.copyMemory(from: source)
    }
  }

  private func convert<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(
    _ source: UnsafeRawBufferPointer, _: Narrow.Type, into target: UnsafeMutableBufferPointer<Wide>
  ) {
    for (index, value) in source.bindMemory(to: Narrow.self).enumerated() { target[index] = Wide(value) }
  }
}
