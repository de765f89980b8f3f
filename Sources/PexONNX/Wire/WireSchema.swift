/// The messages of `Schemas/onnx.proto`, for the scan that precedes protobuf-c.
enum WireMessage: String, Sendable {
  case model, operatorSet, function, graph, node, attribute, tensor, segment, entry, sparseTensor, valueInfo, type
  case tensorType, shape, dimension
}

/// How a field that pex reads is encoded. A field without one of these is skipped and never reaches protobuf-c.
enum WireField: Sendable {
  case varint
  case varints
  case fixed32
  case fixed32s
  case bytes
  /// At most one; a second one would be merged with the first, which nobody means.
  case message(WireMessage)
  case messages(WireMessage)
  /// Numbers of that many bytes each that are read straight from the file.
  case payload(elementBytes: Int)
  /// Integers of variable length that are read straight from the file when they are packed.
  case varintPayload
}

extension WireMessage {
  /// The field of `TensorProto` that stands for bytes left in the file. Not part of ONNX.
  static let payloadField = 50000

  /// How field `number` of this message is encoded, or nil when pex does not read it.
  func field(_ number: Int) -> WireField? {
    switch (self, number) {
    case (.model, 1): .varint
    case (.model, 2), (.model, 3): .bytes
    case (.model, 7): .message(.graph)
    case (.model, 8): .messages(.operatorSet)
    case (.model, 25): .messages(.function)
    case (.operatorSet, 1): .bytes
    case (.operatorSet, 2): .varint
    case (.function, 1), (.function, 4), (.function, 5), (.function, 6), (.function, 10), (.function, 13): .bytes
    case (.function, 7): .messages(.node)
    case (.function, 9): .messages(.operatorSet)
    case (.function, 11): .messages(.attribute)
    case (.graph, 1): .messages(.node)
    case (.graph, 2): .bytes
    case (.graph, 5): .messages(.tensor)
    case (.graph, 11), (.graph, 12): .messages(.valueInfo)
    case (.graph, 15): .messages(.sparseTensor)
    case (.node, 1), (.node, 2), (.node, 3), (.node, 4), (.node, 7), (.node, 8): .bytes
    case (.node, 5): .messages(.attribute)
    case (.attribute, 1), (.attribute, 4), (.attribute, 9), (.attribute, 21): .bytes
    case (.attribute, 2): .fixed32
    case (.attribute, 3), (.attribute, 20): .varint
    case (.attribute, 5): .message(.tensor)
    case (.attribute, 6): .message(.graph)
    case (.attribute, 7): .fixed32s
    case (.attribute, 8): .varints
    case (.tensor, 1): .varints
    case (.tensor, 2), (.tensor, 14): .varint
    case (.tensor, 3): .message(.segment)
    case (.tensor, 5), (.tensor, 7), (.tensor, 11): .varintPayload
    case (.tensor, 4): .payload(elementBytes: 4)
    case (.tensor, 8): .bytes
    case (.tensor, 9): .payload(elementBytes: 1)
    case (.tensor, 10): .payload(elementBytes: 8)
    case (.tensor, 13): .messages(.entry)
    case (.segment, 1), (.segment, 2): .varint
    case (.entry, 1), (.entry, 2): .bytes
    case (.sparseTensor, 1): .message(.tensor)
    case (.valueInfo, 1): .bytes
    case (.valueInfo, 2): .message(.type)
    case (.type, 1): .message(.tensorType)
    case (.tensorType, 1): .varint
    case (.tensorType, 2): .message(.shape)
    case (.shape, 1): .messages(.dimension)
    case (.dimension, 1): .varint
    case (.dimension, 2): .bytes
    default: nil
    }
  }
}
