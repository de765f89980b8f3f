import PexTensor

/// Where a model's bytes are: a mapped file, or memory.
enum ModelSource {
  case file(MappedFile)
  case memory([UInt8])

  /// The file; nil for memory.
  var file: MappedFile? { if case .file(let file) = self { file } else { nil } }

  /// Calls `body` with all bytes. They are valid only within the call.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch self {
    case .file(let file): try withExtendedLifetime(file) { try body(file.bytes) }
    case .memory(let bytes): try bytes.withUnsafeBytes(body)
    }
  }

  /// Tells that `range` will not be read again soon, so that a converted model is not in memory twice.
  func release(_ range: Range<Int>) {
    if case .file(let file) = self { file.release(range) }
  }
}
