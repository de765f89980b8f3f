extension Tensor {
  /// All elements as float32, rounded to nearest where the type is wider.
  public var floats: [Float] {
    withBytes { bytes in
      switch dtype {
      case .float32: Array(bytes.bindMemory(to: Float.self))
      case .float16: bytes.bindMemory(to: Float16.self).map(Float.init)
      case .bfloat16: bytes.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
      case .float64: bytes.bindMemory(to: Double.self).map(Float.init)
      case .int8: bytes.bindMemory(to: Int8.self).map(Float.init)
      case .uint8, .bool: bytes.map(Float.init)
      case .int32: bytes.bindMemory(to: Int32.self).map(Float.init)
      case .int64: bytes.bindMemory(to: Int64.self).map(Float.init)
      }
    }
  }

  /// All elements of an integer or bool tensor, or nil for floating-point numbers.
  public var integers: [Int]? {
    withBytes { bytes in
      switch dtype {
      case .float32, .float16, .bfloat16, .float64: nil
      case .int8: bytes.bindMemory(to: Int8.self).map(Int.init)
      case .uint8, .bool: bytes.map(Int.init)
      case .int32: bytes.bindMemory(to: Int32.self).map(Int.init)
      case .int64: bytes.bindMemory(to: Int64.self).map(Int.init)
      }
    }
  }

  /// The same numbers as float32; the tensor itself when it is float32 already.
  /// - Throws: ``PexError`` (malformed) when the size overflows.
  public func asFloat32() throws -> Tensor {
    guard dtype != .float32 else { return self }
    return try Tensor(shape.dimensions, floats)
  }

  /// The same numbers as float16, rounded to nearest even; beyond 65504 they become infinite.
  /// - Throws: ``PexError`` (malformed) when the size overflows.
  public func asFloat16() throws -> Tensor {
    guard dtype != .float16 else { return self }
    return try Tensor(.float16, shape) { bytes in
      let halves = bytes.bindMemory(to: Float16.self)
      for (index, value) in floats.enumerated() { halves[index] = Float16(value) }
    }
  }

  /// Whether every element is a finite number. Integers always are.
  public var isFinite: Bool {
    guard dtype == .float32 else { return dtype.isFloat ? floats.allSatisfy(\.isFinite) : true }
    // An exponent of ones is the only one that adding one to it carries into the sign's place.
    let carried = withBytes { bytes in
      bytes.bindMemory(to: UInt32.self).reduce(UInt32(0)) { $0 | (($1 & 0x7F80_0000) &+ 0x0080_0000) }
    }
    return carried & 0x8000_0000 == 0
  }
}
