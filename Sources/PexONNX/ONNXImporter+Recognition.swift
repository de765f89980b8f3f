import PexTensor

extension ONNXImporter {
  /// Whether a file that holds, or begins with, `bytes` is an ONNX model. ONNX has no signature: a model is told by fields
  /// at the top that only it has, a small format version first or a graph among them. A model that was cut off behind
  /// its first fields is still recognised, so that loading it says what is wrong.
  public static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var reader = WireReader(bytes, 0..<bytes.count)
    var seen: Set<Int> = []
    while !reader.isAtEnd, let (number, encoding) = try? reader.tag() {
      switch (number, encoding) {
      case (1, .varint):
        let start = reader.position
        guard let range = try? reader.value(encoding) else { return false }
        var value = WireReader(bytes, start..<range.upperBound)
        guard let version = try? value.varint(), (1...1000).contains(version) else { return false }
      case (2...4, .delimited), (6...8, .delimited), (14, .delimited), (20, .delimited), (25, .delimited), (5, .varint):
        guard (try? reader.value(encoding)) != nil else { return seen.contains(1) }
      default: return false
      }
      seen.insert(number)
    }
    return reader.isAtEnd && (seen.contains(7) || seen.isSuperset(of: [1, 8]))
  }

  /// Whether `bytes` are an ONNX model.
  public static func recognises(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { recognises($0) } }
}
