import PexTensor

/// Makes tensors of what a file holds, whichever of ONNX's fields the numbers are in.
struct TensorReader {
  let source: ModelSource

  /// The tensor with its numbers. Floating-point types stay as they are; integer types without a ``DType`` are
  /// widened to one that holds them.
  /// - Throws: ``PexError`` (malformed) when numbers and shape do not fit, (unsupported) for external data, strings
  ///   and rare element types.
  func tensor(_ stored: ONNXTensor) throws -> Tensor {
    try naming("tensor '\(stored.name)'") {
      let type = try ElementType(code: stored.elementType)
      guard !stored.isExternal else {
        throw PexError(
          .unsupported, "its data is in another file", hint: "save the model with all weights inside one file")
      }
      guard let dtype = type.dtype, let byteCount = type.byteCount else {
        throw PexError(.unsupported, "strings are not supported")
      }
      let shape = try Shape(stored.dims)
      let fields = filledFields(stored)
      guard fields.count <= 1 else {
        throw PexError(.malformed, "its numbers are in several fields: \(fields.joined(separator: ", "))")
      }
      if let payload = stored.payloads.first, stored.payloads.count == 1 {
        guard payload.field == 9 || type == .float && payload.field == 4 || type == .double && payload.field == 10
        else { throw PexError(.malformed, "\(type) numbers cannot be in \(fields.joined())") }
        return try tensor(type, dtype, shape, elementBytes: byteCount, payload.range)
      }
      guard stored.payloads.isEmpty else { throw PexError(.malformed, "\(fields.joined()) occurs more than once") }
      return try tensor(type, dtype, shape, typed: stored)
    }
  }

  private func filledFields(_ stored: ONNXTensor) -> [String] {
    var fields: Set<String> = []
    for payload in stored.payloads {
      fields.insert(payload.field == 9 ? "raw_data" : payload.field == 4 ? "float_data" : "double_data")
    }
    // Single numbers beside a packed run would have lost their order.
    if !stored.floats.isEmpty { fields.insert(fields.contains("float_data") ? "float_data unpacked" : "float_data") }
    if !stored.doubles.isEmpty {
      fields.insert(fields.contains("double_data") ? "double_data unpacked" : "double_data")
    }
    if !stored.int32s.isEmpty { fields.insert("int32_data") }
    if !stored.int64s.isEmpty { fields.insert("int64_data") }
    if !stored.uint64s.isEmpty { fields.insert("uint64_data") }
    return fields.sorted()
  }

  private func tensor(
    _ type: ElementType, _ dtype: DType, _ shape: Shape, elementBytes: Int, _ range: Range<Int>
  ) throws -> Tensor {
    let (expected, overflow) = shape.count.multipliedReportingOverflow(by: elementBytes)
    guard !overflow, expected == range.count else {
      throw PexError(.malformed, "shape \(shape) takes \(expected) bytes, found \(range.count)")
    }
    return try source.withBytes { bytes in
      guard range.upperBound <= bytes.count else { throw PexError(.malformed, "its data is cut off") }
      let data = UnsafeRawBufferPointer(rebasing: bytes[range])
      let tensor = try Tensor(dtype, shape) { target in
        switch type {
        case .uint16: widen(data, UInt16.self, into: target, Int32.self)
        case .int16: widen(data, Int16.self, into: target, Int32.self)
        case .uint32: widen(data, UInt32.self, into: target, Int64.self)
        case .bool: for index in 0..<shape.count { target[index] = data[index] == 0 ? 0 : 1 }
        case .float, .uint8, .int8, .int32, .int64, .string, .float16, .double, .uint64, .bfloat16:
          target.copyMemory(from: data)
        }
      }
      source.release(range)
      return tensor
    }
  }

  /// `target` has as many elements as `data`: the caller compared the bytes with the shape.
  private func widen<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(
    _ data: UnsafeRawBufferPointer, _: Narrow.Type, into target: UnsafeMutableRawBufferPointer, _: Wide.Type
  ) {
    let elements = target.bindMemory(to: Wide.self)
    for index in elements.indices {
      let narrow = data.loadUnaligned(fromByteOffset: index * MemoryLayout<Narrow>.size, as: Narrow.self)
      elements[index] = Wide(truncatingIfNeeded: narrow)
    }
  }

  private func tensor(_ type: ElementType, _ dtype: DType, _ shape: Shape, typed stored: ONNXTensor) throws -> Tensor {
    switch type {
    case .float: try make(dtype, shape, stored.floats) { $0 }
    case .double: try make(dtype, shape, stored.doubles) { $0 }
    case .float16, .bfloat16: try make(dtype, shape, stored.int32s) { UInt16(truncatingIfNeeded: $0) }
    case .bool: try make(dtype, shape, stored.int32s) { UInt8($0 == 0 ? 0 : 1) }
    case .int8: try make(dtype, shape, stored.int32s) { Int8(truncatingIfNeeded: $0) }
    case .uint8: try make(dtype, shape, stored.int32s) { UInt8(truncatingIfNeeded: $0) }
    case .int16, .uint16, .int32: try make(dtype, shape, stored.int32s) { $0 }
    case .int64: try make(dtype, shape, stored.int64s) { $0 }
    case .uint32, .uint64: try make(dtype, shape, stored.uint64s) { Int64(truncatingIfNeeded: $0) }
    case .string: throw PexError(.unsupported, "strings are not supported")
    }
  }

  private func make<Source, Element>(
    _ dtype: DType, _ shape: Shape, _ numbers: [Source], _ convert: (Source) -> Element
  ) throws -> Tensor {
    guard numbers.count == shape.count else {
      throw PexError(.malformed, "shape \(shape) has \(shape.count) elements, found \(numbers.count)")
    }
    return try Tensor(dtype, shape) { target in
      let elements = target.bindMemory(to: Element.self)
      for (index, number) in numbers.enumerated() { elements[index] = convert(number) }
    }
  }
}
