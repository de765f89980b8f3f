import PexGraph
import PexONNX
import PexTensor

/// A small ONNX model, written field by field.
struct TestModel: Sendable {
  indirect enum Attribute: Sendable {
    case float(Float)
    case integer(Int)
    case string(String)
    case floats([Float])
    case integers([Int])
    case strings([String])
    case tensor(Stored)
    case graph
    /// The nodes, stored tensors and outputs of another model.
    case branch(TestModel)
    /// What the attribute of that name is where a function is called.
    case reference(String)
  }

  /// A stored tensor: its element type's code and the fields that hold its numbers.
  struct Stored: Sendable {
    var type = 1
    var dims: [Int]
    var raw: [UInt8]?
    var fill: @Sendable (inout WireWriter) -> Void = { _ in }

    static func floats(_ dims: [Int], _ values: [Float]) -> Stored {
      Stored(dims: dims, raw: values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } })
    }

    /// Numbers that do not matter, as many as the extents say.
    static func weights(_ dims: [Int]) -> Stored {
      floats(dims, (0..<dims.reduce(1, *)).map { Float($0 % 7) - 3 })
    }

    static func integers(_ values: [Int], dims: [Int]? = nil) -> Stored {
      Stored(
        type: 7, dims: dims ?? [values.count],
        raw: values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian) { Array($0) } })
    }

    static func scalar(_ value: Float) -> Stored { floats([], [value]) }

    func write(_ writer: inout WireWriter, name: String) {
      for extent in dims { writer.integer(1, extent) }
      writer.integer(2, type)
      writer.string(8, name)
      if let raw { writer.bytes(9, raw) }
      fill(&writer)
    }
  }

  struct Node {
    var op: String
    var inputs: [String]
    var outputs: [String]
    var attributes: [(String, Attribute)]
    var name: String
    var domain: String
    var overload = ""
  }

  /// An operator that the model defines by nodes.
  struct Function {
    var domain = "mine"
    var name: String
    var overload = ""
    var inputs: [String] = ["a"]
    var outputs: [String] = ["b"]
    var attributes: [String] = []
    var defaults: [(String, Attribute)] = []
    var opset: Int?
    var body = TestModel()
  }

  /// An input's or output's extents; a string is a symbol.
  enum Extent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case fixed(Int)
    case symbol(String)
    init(integerLiteral value: Int) { self = .fixed(value) }
    init(stringLiteral value: String) { self = .symbol(value) }
  }

  var opset = 17
  var irVersion = 8
  var nodes: [Node] = []
  var inputs: [(name: String, type: Int, extents: [Extent]?)] = []
  var outputs: [String] = ["y"]
  var stored: [(name: String, tensor: Stored)] = []
  var functions: [Function] = []
  /// Written at the end of the graph and of the model.
  var graphExtra: @Sendable (inout WireWriter) -> Void = { _ in }
  var modelExtra: @Sendable (inout WireWriter) -> Void = { _ in }

  /// A model with one input `x`.
  init(opset: Int = 17, x: [Extent] = ["N", 3, 8, 8]) {
    self.opset = opset
    inputs = [("x", 1, x)]
  }

  /// The inside of a function or branch: no inputs of its own, and `y` as output unless others are given.
  static func inside(_ outputs: [String] = ["y"], _ build: (inout TestModel) -> Void) -> TestModel {
    var model = TestModel()
    model.inputs = []
    model.outputs = outputs
    build(&model)
    return model
  }

  /// A model of one node that reads `x` and the stored tensors, in this order, and gives `y`.
  init(
    _ op: String, opset: Int = 17, x: [Extent] = ["N", 3, 8, 8], _ attributes: [(String, Attribute)] = [],
    _ stored: [(String, Stored)] = []
  ) {
    self.init(opset: opset, x: x)
    self.stored = stored.map { ($0.0, $0.1) }
    add(op, ["x"] + stored.map(\.0), ["y"], attributes)
  }

  mutating func add(
    _ op: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, Attribute)] = [], name: String = "",
    domain: String = ""
  ) {
    nodes.append(
      Node(op: op, inputs: inputs, outputs: outputs, attributes: attributes, name: name, domain: domain))
  }

  var bytes: [UInt8] {
    var writer = WireWriter()
    writer.integer(1, irVersion)
    writer.string(2, "tests")
    writer.string(3, "1.0")
    writer.message(7) { writeGraph(&$0) }
    writer.message(8) { $0.integer(2, opset) }
    for function in functions { writer.message(25) { Self.write(function, &$0) } }
    modelExtra(&writer)
    return writer.bytes
  }

  /// The graph alone, without the model around it.
  var graphBytes: [UInt8] {
    var writer = WireWriter()
    writeGraph(&writer)
    return writer.bytes
  }

  private func writeGraph(_ graph: inout WireWriter) {
    for node in nodes { graph.message(1) { Self.write(node, &$0) } }
    graph.string(2, "graph")
    for (name, tensor) in stored { graph.message(5) { tensor.write(&$0, name: name) } }
    for input in inputs { graph.message(11) { Self.write(input.name, input.type, input.extents, &$0) } }
    for output in outputs { graph.message(12) { Self.write(output, 1, nil, &$0) } }
    graphExtra(&graph)
  }

  private static func write(_ function: Function, _ writer: inout WireWriter) {
    writer.string(1, function.name)
    for input in function.inputs { writer.string(4, input) }
    for output in function.outputs { writer.string(5, output) }
    for name in function.attributes { writer.string(6, name) }
    for node in function.body.nodes { writer.message(7) { write(node, &$0) } }
    if let opset = function.opset { writer.message(9) { $0.integer(2, opset) } }
    writer.string(10, function.domain)
    for (name, value) in function.defaults { writer.message(11) { write(name, value, &$0) } }
    if !function.overload.isEmpty { writer.string(13, function.overload) }
  }

  private static func write(_ node: Node, _ writer: inout WireWriter) {
    for input in node.inputs { writer.string(1, input) }
    for output in node.outputs { writer.string(2, output) }
    if !node.name.isEmpty { writer.string(3, node.name) }
    writer.string(4, node.op)
    for (name, value) in node.attributes { writer.message(5) { write(name, value, &$0) } }
    if !node.domain.isEmpty { writer.string(7, node.domain) }
    if !node.overload.isEmpty { writer.string(8, node.overload) }
  }

  private static func write(_ name: String, _ value: Attribute, _ writer: inout WireWriter) {
    writer.string(1, name)
    switch value {
    case .float(let value):
      writer.float(2, value)
      writer.integer(20, 1)
    case .integer(let value):
      writer.integer(3, value)
      writer.integer(20, 2)
    case .string(let value):
      writer.string(4, value)
      writer.integer(20, 3)
    case .tensor(let value):
      writer.message(5) { value.write(&$0, name: "") }
      writer.integer(20, 4)
    case .graph:
      writer.message(6) { $0.string(2, "body") }
      writer.integer(20, 5)
    case .branch(let model):
      writer.message(6) { model.writeGraph(&$0) }
      writer.integer(20, 5)
    case .reference(let name):
      writer.string(21, name)
      writer.integer(20, 1)
    case .floats(let values):
      for value in values { writer.float(7, value) }
      writer.integer(20, 6)
    case .integers(let values):
      for value in values { writer.integer(8, value) }
      writer.integer(20, 7)
    case .strings(let values):
      for value in values { writer.string(9, value) }
      writer.integer(20, 8)
    }
  }

  private static func write(_ name: String, _ type: Int, _ extents: [Extent]?, _ writer: inout WireWriter) {
    writer.string(1, name)
    writer.message(2) {
      $0.message(1) { tensor in
        tensor.integer(1, type)
        guard let extents else { return }
        tensor.message(2) { shape in
          for extent in extents {
            shape.message(1) {
              switch extent {
              case .fixed(let value): $0.integer(1, value)
              case .symbol(let name): $0.string(2, name)
              }
            }
          }
        }
      }
    }
  }

  /// The model read back.
  func load(_ options: ImportOptions = ImportOptions()) throws -> ImportedModel {
    try ONNXImporter.load(bytes: bytes, name: "test", options: options)
  }

  /// The nodes that its outputs become, one a line.
  func text(_ options: ImportOptions = ImportOptions()) throws -> [String] {
    let graph = try load(options).graph
    let lines = graph.lines
    return graph.ancestors(of: graph.outputs).nodes.map { lines[$0] }
  }

  /// The error that loading it gives, or nil.
  func error(_ options: ImportOptions = ImportOptions()) -> PexError? {
    do {
      _ = try load(options)
      return nil
    } catch { return error as? PexError }
  }
}

extension Graph {
  /// `output = operation(inputs) {settings} type`, one node a line.
  var lines: [String] {
    nodes.map { node in
      let settings = node.operation.payload.attributes.map { "\($0.name)=\($0.value.short)" }.joined(separator: " ")
      let inputs = node.inputs.map { self[$0].name }.joined(separator: ", ")
      let outputs = node.outputs.map { "\(self[$0].name) \(self[$0].type)" }.joined(separator: ", ")
      return "\(outputs) = \(node.operation.mnemonic)(\(inputs))" + (settings.isEmpty ? "" : " \(settings)")
    }
  }

  /// The numbers of the constant with that name.
  func numbers(_ name: String) -> [Float]? { value(named: name).flatMap { self[$0].constant?.floats } }
}

extension AttributeValue {
  fileprivate var short: String {
    switch self {
    case .integer(let value): String(value)
    case .float(let value): String(value)
    case .integers(let values): values.map(String.init).joined(separator: ",")
    case .word(let word): word
    case .dimensions(let values): values.map(\.description).joined(separator: ",")
    }
  }
}
