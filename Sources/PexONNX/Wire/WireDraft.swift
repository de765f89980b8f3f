import PexTensor

/// A protobuf message while it is put together. The bytes of tensors stay where they are until the message is written, so
/// that a model's weights are never in memory twice.
struct WireDraft: Sendable {
  /// Everything but the tensors' bytes.
  private var bytes: [UInt8] = []
  /// Tensors, each in front of the byte at its place.
  private var tensors: [(place: Int, tensor: Tensor)] = []
  private var tensorBytes = 0

  /// What the message takes when it is written.
  var byteCount: Int { bytes.count + tensorBytes }

  /// Adds an integer; negative ones take ten bytes, as protobuf has it.
  mutating func integer(_ field: Int, _ value: Int) {
    tag(field, .varint)
    bytes.append(varint: UInt64(bitPattern: Int64(value)))
  }

  /// Adds a number.
  mutating func float(_ field: Int, _ value: Float) {
    tag(field, .fixed32)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Adds a text.
  mutating func string(_ field: Int, _ text: String) {
    tag(field, .delimited)
    bytes.append(varint: UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// Adds the bytes of a tensor as they lie in memory, which is little-endian wherever pex runs.
  mutating func contents(_ field: Int, of tensor: Tensor) {
    tag(field, .delimited)
    bytes.append(varint: UInt64(tensor.byteCount))
    tensors.append((bytes.count, tensor))
    tensorBytes += tensor.byteCount
  }

  /// Adds a message.
  mutating func message(_ field: Int, _ message: WireDraft) {
    tag(field, .delimited)
    bytes.append(varint: UInt64(message.byteCount))
    append(message)
  }

  /// Adds a message that `body` puts together.
  mutating func message(_ field: Int, _ body: (inout WireDraft) throws -> Void) rethrows {
    var inner = WireDraft()
    try body(&inner)
    message(field, inner)
  }

  /// Adds the fields of another draft: repeated fields may be put together apart.
  mutating func append(_ other: WireDraft) {
    let start = bytes.count
    tensors += other.tensors.map { ($0.place + start, $0.tensor) }
    bytes += other.bytes
    tensorBytes += other.tensorBytes
  }

  /// Gives the message to `sink`, piece by piece.
  /// - Throws: whatever `sink` throws.
  func write(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try bytes.withUnsafeBytes { bytes in
      var position = 0
      for (place, tensor) in tensors {
        try sink(UnsafeRawBufferPointer(rebasing: bytes[position..<place]))
        try tensor.withBytes(sink)
        position = place
      }
      try sink(UnsafeRawBufferPointer(rebasing: bytes[position...]))
    }
  }

  private mutating func tag(_ field: Int, _ encoding: WireReader.Encoding) {
    bytes.append(varint: UInt64(field << 3 | encoding.rawValue))
  }
}
