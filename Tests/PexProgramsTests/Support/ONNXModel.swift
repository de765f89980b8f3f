import Foundation

/// ONNX files made by hand.
enum ONNXModel {
  /// The wire format of protobuf, as far as a model needs it.
  struct Message {
    var bytes = Data()

    mutating func integer(_ field: Int, _ value: Int) {
      varint(field << 3)
      varint(value)
    }

    mutating func data(_ field: Int, _ value: Data) {
      varint(field << 3 | 2)
      varint(value.count)
      bytes += value
    }

    mutating func string(_ field: Int, _ value: String) { data(field, Data(value.utf8)) }

    mutating func message(_ field: Int, _ body: (inout Message) -> Void) {
      var inner = Message()
      body(&inner)
      data(field, inner.bytes)
    }

    /// Negative numbers take ten bytes, as protobuf has it.
    mutating func varint(_ value: Int) {
      var rest = UInt64(bitPattern: Int64(value))
      while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7f) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
  }

  /// A chain of operators without attributes, from `x` to `y`, both [N,4,8,8].
  static func chain(_ operators: [String]) -> Data {
    model(channels: 4) { graph in
      for (index, name) in operators.enumerated() {
        graph.message(1) { node in
          node.string(1, index == 0 ? "x" : "v\(index - 1)")
          node.string(2, index == operators.count - 1 ? "y" : "v\(index)")
          node.string(3, "node\(index)")
          node.string(4, name)
        }
      }
    }
  }

  /// A node, with whatever else `extra` writes into it.
  static func node(
    _ op: String, _ inputs: [String], _ outputs: [String], name: String, domain: String = "",
    _ extra: (inout Message) -> Void = { _ in }
  ) -> Data {
    var node = Message()
    for input in inputs { node.string(1, input) }
    for output in outputs { node.string(2, output) }
    node.string(3, name)
    node.string(4, op)
    if !domain.isEmpty { node.string(7, domain) }
    extra(&node)
    return node.bytes
  }

  /// A stored tensor of f32, with whatever `extra` writes into it: its numbers.
  static func tensor(_ name: String, _ extents: [Int], _ extra: (inout Message) -> Void) -> Data {
    var tensor = Message()
    for extent in extents { tensor.integer(1, extent) }
    tensor.integer(2, 1)
    tensor.string(8, name)
    extra(&tensor)
    return tensor.bytes
  }

  /// One 1x1 convolution of many channels: a file that takes a while to write.
  static func wide(_ channels: Int) -> Data {
    model(channels: channels) { graph in
      graph.message(1) { node in
        for name in ["x", "w"] { node.string(1, name) }
        node.string(2, "y")
        node.string(4, "Conv")
      }
      graph.message(5) { tensor in
        for extent in [channels, channels, 1, 1] { tensor.integer(1, extent) }
        tensor.integer(2, 1)
        tensor.string(8, "w")
        tensor.data(9, Data(repeating: 0x3c, count: 4 * channels * channels))
      }
    }
  }

  /// A model from `x` to `y`, both [N,channels,8,8].
  /// - Parameters:
  ///   - extra: writes fields of the model itself.
  ///   - body: writes fields of the graph.
  static func model(
    channels: Int = 4, extra: (inout Message) -> Void = { _ in }, _ body: (inout Message) -> Void
  ) -> Data {
    var model = Message()
    model.integer(1, 8)
    extra(&model)
    model.message(7) { graph in
      body(&graph)
      graph.string(2, "by hand")
      for (field, name) in [(11, "x"), (12, "y")] {
        graph.message(field) { info in
          info.string(1, name)
          info.message(2) { $0.message(1) { describe(&$0, channels) } }
        }
      }
    }
    model.message(8) { $0.integer(2, 17) }
    return model.bytes
  }

  private static func describe(_ tensor: inout Message, _ channels: Int) {
    tensor.integer(1, 1)
    tensor.message(2) { shape in
      shape.message(1) { $0.string(2, "N") }
      for extent in [channels, 8, 8] { shape.message(1) { $0.integer(1, extent) } }
    }
  }
}
