import Foundation

/// A small ONNX network of any inputs and outputs.
struct ONNXNetwork {
  /// One attribute.
  enum Attribute {
    case integer(Int)
    case integers([Int])
  }

  /// An extent; a string is a symbol.
  enum Extent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case fixed(Int)
    case symbol(String)
    init(integerLiteral value: Int) { self = .fixed(value) }
    init(stringLiteral value: String) { self = .symbol(value) }
  }

  private var nodes: [Data] = []
  private var tensors: [Data] = []
  /// Name, element type's code (1 f32, 2 u8, 6 i32, 7 i64, 9 bool) and extents.
  var inputs: [(name: String, type: Int, extents: [Extent])] = []
  var outputs = ["y"]

  /// Adds a node.
  mutating func add(_ op: String, _ inputs: [String], _ output: String, _ attributes: [(String, Attribute)] = []) {
    nodes.append(
      ONNXModel.node(op, inputs, [output], name: "node \(output)") { node in
        for (name, value) in attributes { node.message(5) { Self.write(name, value, &$0) } }
      })
  }

  private static func write(_ name: String, _ value: Attribute, _ message: inout ONNXModel.Message) {
    message.string(1, name)
    switch value {
    case .integer(let number):
      message.integer(3, number)
      message.integer(20, 2)
    case .integers(let numbers):
      for number in numbers { message.integer(8, number) }
      message.integer(20, 7)
    }
  }

  /// Stores numbers.
  mutating func store(_ name: String, _ extents: [Int], _ numbers: [Float]) {
    tensors.append(
      ONNXModel.tensor(name, extents) { tensor in
        tensor.data(
          9,
          numbers.reduce(into: Data()) { data, number in
            withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
          })
      })
  }

  /// Stores integers.
  mutating func store(_ name: String, _ integers: [Int]) {
    var tensor = ONNXModel.Message()
    tensor.integer(1, integers.count)
    tensor.integer(2, 7)
    tensor.string(8, name)
    for number in integers { tensor.integer(7, number) }
    tensors.append(tensor.bytes)
  }

  /// The file.
  var bytes: Data {
    var model = ONNXModel.Message()
    model.integer(1, 8)
    model.message(7) { graph in
      for node in nodes { graph.data(1, node) }
      graph.string(2, "by hand")
      for tensor in tensors { graph.data(5, tensor) }
      for input in inputs { graph.message(11) { Self.describe(input.name, input.type, input.extents, &$0) } }
      for output in outputs { graph.message(12) { Self.describe(output, 1, nil, &$0) } }
    }
    model.message(8) { $0.integer(2, 17) }
    return model.bytes
  }

  private static func describe(_ name: String, _ type: Int, _ extents: [Extent]?, _ info: inout ONNXModel.Message) {
    info.string(1, name)
    info.message(2) { kind in
      kind.message(1) { tensor in
        tensor.integer(1, type)
        guard let extents else { return }
        tensor.message(2) { shape in
          for extent in extents {
            shape.message(1) {
              switch extent {
              case .fixed(let value): $0.integer(1, value)
              case .symbol(let symbol): $0.string(2, symbol)
              }
            }
          }
        }
      }
    }
  }
}

extension ONNXNetwork {
  /// A backbone for pictures of 32x32: two convolutions of stride 2, `a` with 8 channels and `b` with 16, of numbers that are
  /// the same every time.
  static func backbone(channels: Int = 1) -> ONNXNetwork {
    var net = ONNXNetwork()
    net.inputs = [("x", 1, ["N", .fixed(channels), 32, 32])]
    let noise = Arrays.noise(8 * channels * 9 + 16 * 8 * 9, seed: 3).map { $0 - 0.5 }
    net.store("wa", [8, channels, 3, 3], Array(noise.prefix(8 * channels * 9)))
    net.store("wb", [16, 8, 3, 3], Array(noise.suffix(16 * 8 * 9)))
    let pads: [(String, Attribute)] = [("pads", .integers([1, 1, 1, 1])), ("strides", .integers([2, 2]))]
    net.add("Conv", ["x", "wa"], "ca", pads)
    net.add("Relu", ["ca"], "a")
    net.add("Conv", ["a", "wb"], "cb", pads)
    net.add("Relu", ["cb"], "b")
    return net
  }

  /// The mean of every channel of `x`, `[N,C]`: numbers that are known by hand.
  static func means(_ extents: [Extent], type: Int = 1, _ first: (inout ONNXNetwork) -> String) -> ONNXNetwork {
    var net = ONNXNetwork()
    net.inputs = [("x", type, extents)]
    let map = first(&net)
    net.add("GlobalAveragePool", [map], "pooled")
    net.add("Flatten", ["pooled"], "y")
    return net
  }
}
