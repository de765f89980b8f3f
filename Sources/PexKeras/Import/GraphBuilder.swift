import PexGraph
import PexTensor

/// The graph while layers are added to it.
final class GraphBuilder {
  private(set) var graph = Graph()
  /// The layer that is being added: values and constants are named after it.
  var scope = ""
  private var constants: [String: ValueID] = [:]
  /// Where to go on counting for a name that is taken: layers may be called thousands of times.
  private var serials: [String: Int] = [:]

  /// Adds an input of the model.
  /// - Parameters:
  ///   - extents: of one sample, in Keras' order.
  ///   - isChannelsLast: whether the graph holds channels first and a run transposes on the way in.
  func addInput(_ name: String, _ extents: [Int], isChannelsLast: Bool) throws -> Feature {
    let swapped = isChannelsLast && extents.count >= 2
    let stored = swapped ? [extents[extents.count - 1]] + extents.dropLast() : extents
    let type = ValueType(.float32, [.batch] + stored.map(Dimension.fixed))
    let value = try graph.addInput(name, type, layout: swapped ? .channelsLast : .channelsFirst)
    return Feature(value, swapped ? .channelsFirst : .natural)
  }

  /// A value's type.
  func type(_ value: ValueID) -> ValueType { graph[value].type }

  /// The extents of a tensor as Keras sees it, the batch as 1.
  func extents(_ feature: Feature) -> [Int] {
    let stored = type(feature.value).perSample
    guard feature.order == .channelsFirst else { return stored }
    return [stored[0]] + stored.dropFirst(2) + [stored[1]]
  }

  /// Adds a node and gives its only output.
  func emit(_ operation: Operation, _ inputs: [ValueID]) throws -> ValueID {
    try graph.addNode(
      operation, inputs, output: freeName("\(scope)/\(operation.mnemonic)"), name: scope)
  }

  /// Adds a node and gives all its outputs.
  func emitAll(_ operation: Operation, _ inputs: [ValueID], count: Int) throws -> [ValueID] {
    let names = (0..<count).map { _ in freeName("\(scope)/\(operation.mnemonic)") }
    return try graph.addNode(operation, inputs, outputs: names, name: scope)
  }

  private func freeName(_ wanted: String) -> String {
    guard let serial = serials[wanted] else {
      serials[wanted] = 0
      return graph.freeName(wanted)
    }
    serials[wanted] = serial + 1
    return graph.freeName("\(wanted)_\(serial + 1)")
  }

  /// A node that keeps the axes, and with them the order.
  func emit(_ operation: Operation, _ input: Feature) throws -> Feature {
    Feature(try emit(operation, [input.value]), input.order)
  }

  /// A constant of the layer; the same one when the layer is called again.
  func constant(_ name: String, _ tensor: () throws -> Tensor) throws -> ValueID {
    let key = "\(scope)/\(name)"
    if let id = constants[key] { return id }
    let id = try graph.addConstant(graph.freeName(key), try tensor())
    constants[key] = id
    return id
  }

  /// Numbers that a function is called with.
  func numbers(_ shape: [Int], _ numbers: [Float]) throws -> ValueID {
    let tensor = try Tensor(shape, numbers)
    var name = "\(scope)/numbers"
    var serial = 0
    while let id = constants[name] {
      if let known = graph[id].constant, known.shape == tensor.shape, known.floats == numbers { return id }
      serial += 1
      name = "\(scope)/numbers.\(serial)"
    }
    let id = try graph.addConstant(graph.freeName(name), tensor)
    constants[name] = id
    return id
  }

  /// A constant number that every value can be combined with.
  func scalar(_ number: Double) throws -> ValueID {
    let key = "number \(number)"
    if let id = constants[key] { return id }
    let id = try graph.addConstant(graph.freeName("\(scope)/number"), try Tensor([], [Float(number)]))
    constants[key] = id
    return id
  }

  /// Combines a tensor with a number.
  func combine(_ kind: Binary.Kind, _ feature: Feature, _ number: Double) throws -> Feature {
    Feature(try emit(.binary(Binary(kind)), [feature.value, scalar(number)]), feature.order)
  }

  /// A function of every element.
  func apply(_ kind: Unary.Kind, _ feature: Feature) throws -> Feature { try emit(.unary(Unary(kind)), feature) }

  /// The elements under other extents of one sample.
  func reshape(_ value: ValueID, _ extents: [Int]) throws -> ValueID {
    let type = type(value)
    let dimensions = Array(type.dimensions.prefix(1)) + extents.map(Dimension.fixed)
    guard dimensions != type.dimensions else { return value }
    return try emit(.reshape(Reshape(dimensions)), [value])
  }

  /// The axes in another order.
  func transpose(_ value: ValueID, _ permutation: [Int]) throws -> ValueID {
    guard permutation != Array(permutation.indices) else { return value }
    let extents = type(value).perSample
    // Axes of one element may go anywhere without moving an element.
    let moving = permutation.filter { $0 > 0 && extents[$0] != 1 }
    if moving == moving.sorted() { return try reshape(value, permutation.dropFirst().map { extents[$0] }) }
    return try emit(.transpose(Transpose(permutation)), [value])
  }

  /// The tensor with its axes as in Keras.
  func natural(_ feature: Feature) throws -> ValueID {
    let rank = type(feature.value).rank
    switch feature.order {
    case .natural: return feature.value
    case .channelsFirst: return try transpose(feature.value, [0] + Array(2..<rank) + [1])
    case .flattened(let channels, let pixels):
      let parted = try reshape(feature.value, [channels, pixels])
      return try reshape(transpose(parted, [0, 2, 1]), [channels * pixels])
    }
  }

  /// The tensor in an order that keeps its axes apart: what was flattened from channels first is put in Keras' order.
  func unflattened(_ feature: Feature) throws -> Feature {
    if case .flattened = feature.order { return Feature(try natural(feature)) }
    return feature
  }

  /// The tensor with its last axis behind the batch.
  func channelsFirst(_ feature: Feature) throws -> ValueID {
    guard feature.order != .channelsFirst else { return feature.value }
    let value = try natural(feature)
    let rank = type(value).rank
    return try rank < 3 ? value : transpose(value, [0, rank - 1] + Array(1..<rank - 1))
  }

  /// The tensor in an order.
  func ordered(_ feature: Feature, _ order: Feature.Order) throws -> ValueID {
    if feature.order == order { return feature.value }
    return try order == .channelsFirst ? channelsFirst(feature) : natural(feature)
  }

  /// Tensors brought into one order: channels first when one of them is.
  func aligned(_ features: [Feature]) throws -> (values: [ValueID], order: Feature.Order) {
    if let first = features.first, features.allSatisfy({ $0.order == first.order }) {
      return (features.map(\.value), first.order)
    }
    let isFirst = features.contains { $0.order == .channelsFirst }
    let order: Feature.Order = isFirst ? .channelsFirst : .natural
    return (try features.map { try ordered($0, order) }, order)
  }

  /// Gives the value that a layer answers with the layer's name.
  func name(_ feature: Feature, _ name: String) throws {
    guard graph[feature.value].name.hasPrefix("\(scope)/"), graph[feature.value].constant == nil else { return }
    try graph.rename(feature.value, to: freeName(name))
  }

  /// Makes a tensor an output of the model under a name, its axes as in Keras.
  func addOutput(_ feature: Feature, _ name: String) throws {
    scope = name
    var value = try natural(feature)
    let isTaken = graph.outputs.contains(value) || graph.inputs.contains { $0.value == value }
    if isTaken || graph[value].constant != nil { value = try emit(.identity(Identity()), [value]) }
    if graph[value].name != name {
      // A value in front that has the name, in the graph's own order of axes, gives it away.
      if let holder = graph.values.indices.map(ValueID.init).first(where: { graph[$0].name == name }),
        !graph.outputs.contains(holder), !graph.inputs.contains(where: { $0.value == holder })
      {
        try graph.rename(holder, to: graph.freeName("\(name)/channels_first"))
      }
      try graph.rename(value, to: graph.freeName(name))
    }
    graph.addOutput(value)
  }

  /// The graph with its classifier, checked.
  func finish(_ options: ImportOptions) throws -> Graph {
    graph.classifier = try graph.findClassifier(output: options.outputName, kind: options.outputKind)
    try graph.verify()
    return graph
  }
}
