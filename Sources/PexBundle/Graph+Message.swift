import PexGraph
import PexTensor

extension Pex_Graph {
  /// A graph whose values are numbered as in a file.
  /// - Parameter checksums: of the constants, in their order.
  init(_ graph: Graph, checksums: [UInt32]) {
    inputs = graph.inputs.map { input in
      var message = Pex_Input()
      message.name = graph[input.value].name
      message.dtype = UInt32(graph[input.value].type.dtype.rawValue)
      message.extents = graph[input.value].type.dimensions.map { Int64($0.stored) }
      message.layout = input.layout.rawValue
      return message
    }
    let constants = graph.values.filter { $0.constant != nil }
    tensors = zip(constants, checksums).map { value, checksum in
      var message = Pex_TensorRecord()
      let dtype = value.constant?.dtype ?? value.type.dtype
      message.name = value.name
      message.dtype = UInt32(dtype.rawValue)
      message.widened = dtype != value.type.dtype
      message.extents = value.type.perSample.map { UInt64(clamping: $0) }
      message.crc32C = checksum
      return message
    }
    nodes = graph.nodes.map { node in
      var message = Pex_Node()
      message.name = node.name
      message.operation = UInt32(clamping: node.operation.code)
      message.version = UInt32(clamping: node.operation.version)
      message.attributes = node.operation.payload.attributes.map(Pex_Attribute.init)
      message.inputs = node.inputs.map { UInt32(clamping: $0.index) }
      message.outputs = node.outputs.map { graph[$0].name }
      return message
    }
    outputs = graph.outputs.map { UInt32(clamping: $0.index) }
    if graph.batchAxes.contains(where: { $0 != 0 }) { batchAxes = graph.batchAxes.map { UInt32(clamping: $0) } }
    if let found = graph.classifier {
      classifier.output = UInt32(clamping: found.output.index)
      classifier.kind = found.kind.rawValue
      classifier.logits = UInt32(clamping: found.logits.index)
    }
  }
}

extension Pex_Attribute {
  fileprivate init(_ attribute: Attribute) {
    name = attribute.name
    switch attribute.value {
    case .integer(let number): integer = Int64(number)
    case .float(let number): self.number = number
    case .integers(let numbers): integers.values = numbers.map(Int64.init)
    case .word(let word): self.word = word
    case .dimensions(let dimensions): extents.values = dimensions.map { Int64($0.stored) }
    }
  }
}

extension Graph {
  /// The graph of a message, rebuilt node by node through the same checks as any other graph.
  /// - Throws: ``PexError`` (malformed) when a number is out of range or a promise of graphs is broken, (unsupported)
  ///   when an operation is unknown.
  init(_ message: Pex_Graph, _ row: inout TensorRow, in image: FileImage) throws {
    self.init()
    let section = SectionKind.trunk.name
    try BundleLimits.require(message.nodes.count, "nodes", BundleLimits.nodes, section)
    try BundleLimits.require(message.inputs.count, "inputs", BundleLimits.inputs, section)
    try BundleLimits.require(message.outputs.count, "outputs", BundleLimits.inputs, section)
    try BundleLimits.require(message.tensors.count, "tensors", BundleLimits.values, section)
    for input in message.inputs {
      let type = try naming("\(section): input '\(input.name)'") {
        ValueType(try DType(stored: input.dtype, section), try input.extents.map { try Dimension($0, section) })
      }
      try naming(section) { _ = try addInput(input.name, type, layout: word(input.layout, "layout", section)) }
    }
    for record in message.tensors {
      try naming(section) { try addTensor(record, &row, in: image) }
    }
    for node in message.nodes {
      try naming("\(section): node '\(node.name)'") { try addNode(node) }
    }
    guard message.batchAxes.isEmpty || message.batchAxes.count == message.outputs.count else {
      throw BundleFault.value(
        "batch axes", expected: "none or \(message.outputs.count)", found: "\(message.batchAxes.count)"
      ).error(section)
    }
    guard message.batchAxes.isEmpty || message.batchAxes.contains(where: { $0 != 0 }) else {
      throw BundleFault.notCanonical.error("batch axes")
    }
    for (index, output) in message.outputs.enumerated() {
      let axis = message.batchAxes.isEmpty ? 0 : Int(message.batchAxes[index])
      addOutput(try number(output, "output"), batchAxis: axis)
    }
    if message.hasClassifier {
      classifier = Classifier(
        output: try number(message.classifier.output, "classifier"),
        kind: try word(message.classifier.kind, "classifier", section),
        logits: try number(message.classifier.logits, "logits"))
    }
    try naming(section) { try verify() }
  }

  private mutating func addTensor(_ record: Pex_TensorRecord, _ row: inout TensorRow, in image: FileImage) throws {
    let stored = try DType(stored: record.dtype, record.name)
    try BundleLimits.require(record.extents.count, "axes of '\(record.name)'", BundleLimits.axes, record.name)
    let extents = record.extents.compactMap(Int.init(exactly:))
    guard extents.count == record.extents.count else {
      throw BundleFault.value("extents", expected: "numbers below 2^63", found: "larger ones").error(record.name)
    }
    let shape = try Shape(extents)
    guard !record.widened || stored == .float16 else {
      throw BundleFault.value("'\(record.name)': widened", expected: "f16", found: stored.name).error(record.name)
    }
    let tensor = try row.next(record.name, stored, shape, checksum: record.crc32C, in: image)
    try addStoredConstant(record.name, tensor, type: record.widened ? .float32 : stored)
  }

  private mutating func addNode(_ message: Pex_Node) throws {
    try BundleLimits.require(message.attributes.count, "attributes", BundleLimits.attributes, message.name)
    try BundleLimits.require(message.inputs.count, "inputs", BundleLimits.inputs, message.name)
    let attributes = try message.attributes.map(Attribute.init)
    let operation = try Operation(code: Int(message.operation), version: Int(message.version), attributes: attributes)
    // Other orders and types of settings can be read, but one operation has one form in a file.
    guard operation.payload.attributes == attributes else { throw BundleFault.notCanonical.error("attributes") }
    try addNode(
      operation, try message.inputs.map { try number($0, "input") }, outputs: message.outputs, name: message.name)
  }

  private func number(_ id: UInt32, _ what: String) throws -> ValueID {
    guard values.indices.contains(Int(id)) else {
      throw BundleFault.reference("\(what): value", Int(id)).error("graph")
    }
    return ValueID(Int(id))
  }
}

extension Attribute {
  fileprivate init(_ message: Pex_Attribute) throws {
    try BundleLimits.require(name: message.name, "attribute")
    let value: AttributeValue
    switch message.value {
    case .integer(let number): value = .integer(Int(number))
    case .number(let number): value = .float(number)
    case .word(let word): value = .word(word)
    case .integers(let list):
      try BundleLimits.require(
        list.values.count, "numbers in an attribute", BundleLimits.attributeNumbers, message.name)
      value = .integers(list.values.map(Int.init))
    case .extents(let list):
      try BundleLimits.require(
        list.values.count, "numbers in an attribute", BundleLimits.attributeNumbers, message.name)
      value = .dimensions(try list.values.map { try Dimension($0, message.name) })
    case nil: throw BundleFault.value(message.name, expected: "a value", found: "none").error("attribute")
    }
    self.init(message.name, value)
  }
}

extension Dimension {
  fileprivate init(_ stored: Int64, _ place: String) throws {
    guard let dimension = Dimension(stored: Int(stored)) else {
      throw BundleFault.value("extent", expected: "at least -1", found: "\(stored)").error(place)
    }
    self = dimension
  }
}

extension DType {
  /// - Throws: ``PexError`` (unsupported) when no type of this version has that number.
  init(stored: UInt32, _ place: String) throws {
    guard let byte = UInt8(exactly: stored), let dtype = DType(rawValue: byte) else {
      throw PexError(.unsupported, "\(place): element type \(stored) is unknown", hint: "a newer pex may know it")
    }
    self = dtype
  }
}
