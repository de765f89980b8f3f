import PexTensor

/// Checks an ONNX file's wire format before protobuf-c, which trusts lengths and recurses without a limit, and writes
/// the *skeleton* that protobuf-c is given instead: only fields of ``WireMessage``, encoded minimally, with the weights
/// replaced by their place in the file. So weights are never copied twice, whatever the size of the model.
struct WireScan {
  /// Nested messages; a model without control flow has seven.
  static let depthLimit = 64
  /// What protobuf-c can address.
  static let skeletonLimit = Int(Int32.max)
  /// A place in the file takes more bytes than a tensor without numbers, of which no model has many.
  private static let growth = 1 << 20

  private let bytes: UnsafeRawBufferPointer
  private let limit: Int
  private var skeleton: [UInt8] = []

  /// The skeleton of the model in `bytes`.
  /// - Throws: ``PexError`` (malformed) with the byte and the message where the format is violated.
  static func skeleton(of bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    guard !bytes.isEmpty else { throw PexError(.malformed, "the file is empty") }
    var scan = WireScan(bytes)
    try scan.message(.model, 0..<bytes.count, depth: 1)
    return scan.skeleton
  }

  private init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    limit = min(Self.skeletonLimit, bytes.count + Self.growth)
  }

  private mutating func message(_ kind: WireMessage, _ range: Range<Int>, depth: Int) throws {
    guard depth <= Self.depthLimit else {
      throw PexError(.malformed, "byte \(range.lowerBound): messages are nested more than \(Self.depthLimit) deep")
    }
    var reader = WireReader(bytes, range)
    var single: Set<Int> = []
    while !reader.isAtEnd {
      let start = reader.position
      let (number, encoding) = try naming(kind.rawValue) { try reader.tag() }
      let value = try naming("\(kind.rawValue), field \(number)") { try reader.value(encoding) }
      if kind == .tensor, number == WireMessage.payloadField {
        throw PexError(.malformed, "byte \(start): a tensor has a field that no ONNX file has")
      }
      guard let field = kind.field(number) else { continue }
      switch (field, encoding) {
      case (.varint, .varint), (.varints, .varint), (.varintPayload, .varint), (.fixed32, .fixed32),
        (.fixed32s, .fixed32):
        skeleton.append(number, encoding, bytes[value])
      case (.payload(elementBytes: 4), .fixed32), (.payload(elementBytes: 8), .fixed64):
        skeleton.append(number, encoding, bytes[value])
      case (.bytes, .delimited):
        skeleton.append(number, bytes[value])
      case (.varints, .delimited):
        try checkIntegers(value)
        skeleton.append(number, bytes[value])
      case (.fixed32s, .delimited) where value.count % 4 == 0:
        skeleton.append(number, bytes[value])
      case (.payload(let size), .delimited) where value.count % size == 0:
        skeleton.append(WireMessage.payloadField, Self.payload(number, value))
      case (.varintPayload, .delimited):
        try checkIntegers(value)
        skeleton.append(WireMessage.payloadField, Self.payload(number, value))
      case (.message(let child), .delimited):
        guard single.insert(number).inserted else {
          throw PexError(.malformed, "byte \(start): a \(kind.rawValue) has field \(number) twice")
        }
        try nested(number, child, value, depth: depth)
      case (.messages(let child), .delimited):
        try nested(number, child, value, depth: depth)
      default:
        throw PexError(.malformed, "byte \(start): field \(number) of a \(kind.rawValue) has the wrong encoding")
      }
      guard skeleton.count < limit else {
        throw PexError(
          .malformed,
          limit == Self.skeletonLimit
            ? "the model has more than 2 GiB besides its weights" : "the model has too many tensors without numbers")
      }
    }
  }

  /// Appends a message and then puts its length, which is not known before, in front of it.
  private mutating func nested(_ number: Int, _ kind: WireMessage, _ range: Range<Int>, depth: Int) throws {
    skeleton.append(varint: UInt64(number << 3 | WireReader.Encoding.delimited.rawValue))
    let start = skeleton.count
    try message(kind, range, depth: depth + 1)
    var length: [UInt8] = []
    length.append(varint: UInt64(skeleton.count - start))
    skeleton.insert(contentsOf: length, at: start)
  }

  private func checkIntegers(_ range: Range<Int>) throws {
    var packed = WireReader(bytes, range)
    while !packed.isAtEnd { _ = try packed.varint() }
  }

  private static func payload(_ field: Int, _ range: Range<Int>) -> [UInt8] {
    var result: [UInt8] = []
    for (number, value) in [(1, field), (2, range.lowerBound), (3, range.count)] {
      result.append(varint: UInt64(number << 3))
      result.append(varint: UInt64(value))
    }
    return result
  }
}

extension [UInt8] {
  fileprivate mutating func append(
    _ number: Int, _ encoding: WireReader.Encoding, _ value: Slice<UnsafeRawBufferPointer>
  ) {
    append(varint: UInt64(number << 3 | encoding.rawValue))
    append(contentsOf: value)
  }

  fileprivate mutating func append(_ number: Int, _ value: some Collection<UInt8>) {
    append(varint: UInt64(number << 3 | WireReader.Encoding.delimited.rawValue))
    append(varint: UInt64(value.count))
    append(contentsOf: value)
  }
}
