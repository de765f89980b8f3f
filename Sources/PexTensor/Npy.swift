/// NumPy's array files (.npy): little-endian numbers after a short text header.
///
/// Formats 1.0, 2.0 and 3.0 are read. Numbers of types that tensors lack are widened: i2 and u2 to i32, u4 to i64.
/// Arrays in Fortran order are transposed into row-major order. Everything else (big-endian, u8, complex, strings,
/// objects, records) is refused by name.
public enum Npy {
  /// Reads the file at `path`.
  /// - Throws: ``PexError`` (unreadable) when it cannot be opened; (malformed) naming the file when it is not a
  ///   sound .npy file or holds anything behind its array.
  public static func read(path: String) throws -> Tensor {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) { try read(bytes: file.bytes, name: path) }
  }

  /// Reads a whole .npy file from memory; `name` stands in front of error messages.
  /// - Throws: ``PexError`` (malformed) as ``read(path:)``.
  public static func read(bytes: [UInt8], name: String) throws -> Tensor {
    try bytes.withUnsafeBytes { try read(bytes: $0, name: name) }
  }

  /// Reads a whole .npy file from memory that stays valid during the call; `name` stands in front of error messages.
  /// - Throws: ``PexError`` (malformed) as ``read(path:)``.
  public static func read(bytes: UnsafeRawBufferPointer, name: String) throws -> Tensor {
    try naming(name) {
      let preamble = try NpyHeader.preambleLength(of: bytes.prefix(NpyHeader.longestPreamble))
      guard bytes.count >= preamble.total else {
        throw PexError(.malformed, "the .npy header of \(preamble.total) bytes exceeds the file's \(bytes.count)")
      }
      let header = try NpyHeader(text: bytes[preamble.text..<preamble.total])
      guard bytes.count - preamble.total == header.byteCount else {
        throw PexError(
          .malformed,
          "expected \(header.byteCount) bytes of \(header.element.rawValue) \(header.shape), "
            + "found \(bytes.count - preamble.total)")
      }
      return try header.tensor { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[preamble.total...])) }
    }
  }

  /// The bytes of a .npy file (format 1.0, row-major) with the tensor's numbers; bfloat16, which NumPy lacks, is
  /// written as float32.
  public static func encode(_ tensor: Tensor) -> [UInt8] {
    let element: NpyElement =
      switch tensor.dtype {
      case .float32, .bfloat16: .float32
      case .float16: .float16
      case .float64: .float64
      case .int8: .int8
      case .uint8: .uint8
      case .int32: .int32
      case .int64: .int64
      case .bool: .bool
      }
    // A tuple of one needs its comma; a scalar is the empty tuple.
    let extents = tensor.shape.dimensions.map { "\($0)," }.joined(separator: " ")
    var text = "{'descr': '\(element.rawValue)', 'fortran_order': False, 'shape': (\(extents)), }"
    let used = NpyHeader.magic.count + 4 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - used % 64) % 64) + "\n"
    let length = text.utf8.count
    var bytes = NpyHeader.magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)]
    bytes.reserveCapacity(bytes.count + length + tensor.byteCount)
    bytes += text.utf8
    if tensor.dtype == .bfloat16 {
      tensor.floats.withUnsafeBytes { bytes += $0 }
    } else {
      tensor.withBytes { bytes += $0 }
    }
    return bytes
  }
}
