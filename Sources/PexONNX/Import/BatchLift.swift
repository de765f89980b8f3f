import PexGraph
import PexTensor

/// A network for one sample as one for any batch, whose samples stay apart though its batch is an inner axis somewhere
/// (a sequence in front of it, as recurrent layers want it).
///
/// The graph keeps the batch in front. A value with the batch in front in the source model too, `[1, …]`, becomes
/// `[N, …]`; any other, as `[T, 1, C]`, gets it as an axis of its own, `[N, T, 1, C]`.
struct BatchLift {
  /// A value of the new graph.
  private enum Lifted {
    /// It does not depend on the batch.
    case same(ValueID)
    /// Its first axis, of extent 1, has become the batch.
    case front(ValueID)
    /// The batch stands in front of all its axes.
    case extra(ValueID)
  }

  private let one: Graph
  private let places: [ValueID: BatchPlaces.Place]
  /// The names of the old graph, which its values keep.
  private let names: Set<String>
  private(set) var graph = Graph()
  private var values: [ValueID: Lifted] = [:]
  /// For outputs with their batch inside, its axis, and the value with the batch in front.
  private var batchAxes: [ValueID: Int] = [:]
  private var given: [ValueID: ValueID] = [:]

  /// - Parameters:
  ///   - one: the network for one sample.
  ///   - places: where the batch lies in its values.
  /// - Throws: ``PexError`` (unsupported) when an operation cannot be lifted.
  init(_ one: Graph, _ places: BatchPlaces) throws {
    self.one = one
    self.places = places.places
    names = Set(one.values.map(\.name))
    for output in one.outputs where self.places[output] != nil && !isFront(output) {
      batchAxes[output] = try batchAxis(of: output, isKnown: places.areKnown)
    }
    for input in one.inputs { try add(input) }
    for node in one.nodes { try naming("node '\(node.name)'") { try add(node) } }
    for output in one.outputs { graph.addOutput(try result(output), batchAxis: batchAxes[output] ?? 0) }
  }

  /// A name that no value of either graph has.
  private func freeName(_ wanted: String) -> String {
    var (name, number) = (graph.freeName(wanted), 1)
    while names.contains(name) {
      name = graph.freeName("\(wanted)_\(number)")
      number += 1
    }
    return name
  }

  /// The axis of an output on which its batch lies. What a file for one sample says nothing of is the first axis of one
  /// element.
  private func batchAxis(of output: ValueID, isKnown: Bool) throws -> Int {
    let extents = one[output].type.perSample
    let axis = isKnown ? places[output].flatMap { $0.before == 1 ? $0.axis : nil } : extents.firstIndex(of: 1)
    guard let axis, extents[axis] == 1 else {
      throw PexError(.unsupported, "output '\(one[output].name)' has its batch within another axis")
    }
    return axis
  }

  private func isFront(_ id: ValueID) -> Bool {
    places[id] == .init(axis: 0, before: 1) && one[id].type.perSample.first == 1
  }

  private mutating func add(_ input: GraphInput) throws {
    var type = one[input.value].type
    if isFront(input.value) { type.dimensions[0] = .batch }
    let id = try graph.addInput(one[input.value].name, type, layout: input.layout)
    values[input.value] = isFront(input.value) ? .front(id) : .same(id)
  }

  private mutating func result(_ output: ValueID) throws -> ValueID {
    if let id = given[output] { return id }
    switch try value(output) {
    case .same(let id), .front(let id): return id
    case .extra: throw PexError(.unsupported, "output '\(one[output].name)' has its batch inside")
    }
  }

  /// What stands for a value of the old graph; constants enter the new one when they are first read.
  private mutating func value(_ id: ValueID) throws -> Lifted {
    if let value = values[id] { return value }
    guard let constant = one[id].constant else { throw PexError(.defect, "'\(one[id].name)' is not there") }
    let value = Lifted.same(try graph.addConstant(one[id].name, constant))
    values[id] = value
    return value
  }

  // MARK: Nodes

  private mutating func add(_ node: Node) throws {
    guard node.inputs.contains(where: { places[$0] != nil && one[$0].constant == nil }) else {
      let inputs = try node.inputs.map { try plain($0) }
      let names = node.outputs.map { one[$0].name }
      for (old, new) in zip(node.outputs, try graph.addNode(node.operation, inputs, outputs: names, name: node.name)) {
        values[old] = .same(new)
      }
      return
    }
    if try addInFront(node) { return }
    guard let output = node.outputs.first, node.outputs.count == 1 else {
      throw PexError(.unsupported, "its samples do not lie in front")
    }
    guard isFront(output) || batchAxes[output] != nil else {
      values[output] = .extra(try addBehind(node, output, one[output].name))
      return
    }
    // The name belongs to the form that others read.
    let whole = try addBehind(node, output, freeName(one[output].name + ".lifted"))
    var dimensions = one[output].type.dimensions
    dimensions.remove(at: batchAxes[output] ?? 0)
    let result = try graph.addNode(
      .reshape(Reshape([.batch] + dimensions)), [whole], output: one[output].name, name: node.name)
    guard isFront(output) else {
      values[output] = .extra(whole)
      given[output] = result
      return
    }
    values[output] = .front(result)
  }

  /// Adds the node as it is, with the batch in place of a first extent of 1, when it is one such.
  private mutating func addInFront(_ node: Node) throws -> Bool {
    guard node.outputs.allSatisfy(isFront) else { return false }
    for id in node.inputs where places[id] != nil && one[id].constant == nil && !isFront(id) { return false }
    let operation = Self.open(node.operation)
    let known = node.inputs.map { id in
      var type = one[id].type
      if isFront(id), one[id].constant == nil { type.dimensions[0] = .batch }
      return type
    }
    guard let types = try? operation.outputTypes(of: known),
      zip(types, node.outputs).allSatisfy({ $0.dimensions.first == .batch && $0.perSample == one[$1].type.perSample })
    else { return false }
    let inputs = try node.inputs.map { isFront($0) && one[$0].constant == nil ? try front($0) : try plain($0) }
    let names = node.outputs.map { one[$0].name }
    for (old, new) in zip(node.outputs, try graph.addNode(operation, inputs, outputs: names, name: node.name)) {
      values[old] = .front(new)
    }
    return true
  }

  /// An operation that names extents, with the batch in front of them.
  private static func open(_ operation: Operation) -> Operation {
    if case .reshape(let payload) = operation {
      return .reshape(Reshape([.batch] + payload.dimensions.dropFirst()))
    }
    if case .slice(var payload) = operation {
      payload.dimensions[0] = .batch
      return .slice(payload)
    }
    if case .resize(var payload) = operation {
      payload.dimensions[0] = .batch
      return .resize(payload)
    }
    return operation
  }

  /// Adds the node with the batch in front of all axes.
  private mutating func addBehind(_ node: Node, _ output: ValueID, _ name: String) throws -> ValueID {
    let extents = one[output].type.dimensions
    func add(_ operation: Operation, _ inputs: [ValueID]) throws -> ValueID {
      try graph.addNode(operation, inputs, output: name, name: node.name)
    }
    func x() throws -> ValueID { try extra(node.inputs[0], rank: nil) }
    switch node.operation {
    case .unary, .identity: return try add(node.operation, [x()])
    case .binary, .choice: return try add(node.operation, node.inputs.map { try extra($0, rank: extents.count) })
    case .reshape: return try add(.reshape(Reshape([.batch] + extents)), [x()])
    case .transpose(let payload): return try addTranspose(payload, node, extents, name)
    case .softmax(var payload):
      payload.axis += 1
      return try add(.softmax(payload), [x()])
    case .argMax(var payload):
      payload.axis += 1
      return try add(.argMax(payload), [x()])
    case .standardization(var payload):
      payload.axis += 1
      return try add(.standardization(payload), [x()])
    case .reduce(var payload):
      payload.axes = payload.axes.map { $0 + 1 }
      return try add(.reduce(payload), [x()])
    case .gather(var payload):
      payload.axis += 1
      return try add(.gather(payload), [x()])
    case .concat(let payload):
      return try add(.concat(Concat(axis: payload.axis + 1)), node.inputs.map { try extra($0, rank: extents.count) })
    case .slice(let payload):
      return try add(
        .slice(
          StridedSlice(
            starts: [0] + payload.starts, dimensions: [.batch] + payload.dimensions, steps: [1] + payload.steps)), [x()]
      )
    case .tile(let payload): return try add(.tile(Tile(repeats: [1] + payload.repeats)), [x()])
    case .pad(var payload):
      payload.before.insert(0, at: 0)
      payload.after.insert(0, at: 0)
      return try add(.pad(payload), [x()])
    case .matrixProduct:
      let rank = max(extents.count, 2)
      return try add(
        .matrixProduct(MatrixProduct()), [try extra(node.inputs[0], rank: rank), try extra(node.inputs[1], rank: rank)])
    case .linear: return try addLinear(node, x(), name)
    case .convolution, .pooling, .globalPooling, .batchNormalization, .transposedConvolution, .lpPooling,
      .localResponseNormalization, .resize, .recurrent, .integerConvolution:
      throw PexError(.unsupported, "its samples do not lie in front")
    }
  }

  private mutating func addTranspose(
    _ payload: Transpose, _ node: Node, _ extents: [Dimension], _ name: String
  ) throws -> ValueID {
    let lengths = one[node.inputs[0]].type.perSample
    let reshape = Operation.reshape(Reshape([.batch] + extents))
    // Where only axes of one element move, nothing does.
    let long = payload.permutation.filter { lengths[$0] != 1 }
    if long == long.sorted() {
      return try graph.addNode(reshape, [try extra(node.inputs[0], rank: nil)], output: name, name: node.name)
    }
    guard case .front(let x) = try value(node.inputs[0]) else {
      let permutation = [0] + payload.permutation.map { $0 + 1 }
      return try graph.addNode(
        .transpose(Transpose(permutation)), [try extra(node.inputs[0], rank: nil)], output: name, name: node.name)
    }
    let turned = try graph.addNode(
      .transpose(Transpose([0] + payload.permutation.filter { $0 != 0 })), [x],
      output: freeName(name + ".turned"),
      name: node.name)
    return try graph.addNode(reshape, [turned], output: name, name: node.name)
  }

  /// All rows of every sample by one matrix.
  private mutating func addLinear(_ node: Node, _ x: ValueID, _ name: String) throws -> ValueID {
    var weight = try plain(node.inputs[1])
    if let numbers = graph[weight].constant {
      let turned = freeName(graph[weight].name + ".turned")
      weight = try graph.addConstant(turned, try numbers.asFloat32().transposedMatrix())
    } else {
      weight = try graph.addNode(
        .transpose(Transpose([1, 0])), [weight], output: freeName(name + ".turned"), name: node.name)
    }
    let product = node.inputs.count > 2 ? freeName(name + ".product") : name
    let result = try graph.addNode(.matrixProduct(MatrixProduct()), [x, weight], output: product, name: node.name)
    guard node.inputs.count > 2 else { return result }
    return try graph.addNode(
      .binary(Binary(.add)), [result, try plain(node.inputs[2])], output: name, name: node.name)
  }

  // MARK: Values

  private mutating func plain(_ id: ValueID) throws -> ValueID {
    guard case .same(let result) = try value(id) else {
      throw PexError(.unsupported, "'\(one[id].name)' depends on the batch")
    }
    return result
  }

  /// A value with the batch in the place of its first axis.
  private mutating func front(_ id: ValueID) throws -> ValueID {
    switch try value(id) {
    case .front(let result): return result
    case .same: throw PexError(.unsupported, "'\(one[id].name)' does not depend on the batch")
    case .extra(let whole):
      let dimensions = [Dimension.batch] + one[id].type.dimensions.dropFirst()
      return try graph.addNode(
        .reshape(Reshape(dimensions)), [whole], output: freeName(one[id].name + ".front"), name: one[id].name)
    }
  }

  /// A value with the batch in front of all its axes, of which there are `rank`, when given; what does not depend on the
  /// batch stays as it is.
  private mutating func extra(_ id: ValueID, rank: Int?) throws -> ValueID {
    let dimensions = one[id].type.dimensions
    let padding = [Dimension](repeating: 1, count: max(0, (rank ?? 0) - dimensions.count))
    let whole: ValueID
    switch try value(id) {
    case .same(let result): return result
    case .extra(let result) where padding.isEmpty: return result
    case .extra(let result), .front(let result): whole = result
    }
    return try graph.addNode(
      .reshape(Reshape([.batch] + padding + dimensions)), [whole], output: freeName(one[id].name + ".lifted"),
      name: one[id].name)
  }
}
