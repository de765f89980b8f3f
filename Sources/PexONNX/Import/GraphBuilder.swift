import PexGraph
import PexReference
import PexTensor

/// The graph while nodes of the source model are added to it, and what the names seen so far stand for.
final class GraphBuilder {
  private(set) var graph = Graph()
  /// The batch that the file fixes though the graph keeps it symbolic; nil where the file leaves it open.
  let fileBatch: Int?
  private let outline: ModelOutline
  private let reader: TensorReader
  private var values: [String: ImportedValue] = [:]
  /// Inputs of the graph by their transposed views and copies of these.
  private var views: [ValueID: ValueID] = [:]
  private var sourceNames: Set<String>
  /// Stored tensors of the branches that were taken.
  private var branchTensors: [String: ONNXTensor] = [:]
  /// What the user should know of how nodes were read, each once.
  private(set) var warnings: [String] = []
  /// Whether an input of the model has been given its numbers.
  private(set) var hasFixedInputs = false
  /// Names of the model's own graph and of branches that were taken.
  let taken: TakenNames
  private var constants: [ConstantKey: ValueID] = [:]
  private var filled = 0
  /// Products that may still be computed to fold little constants.
  private var foldable = 1 << 24

  /// Name and suffix apart: a source model may itself have a tensor named like a changed one.
  private struct ConstantKey: Hashable {
    var name: String
    var suffix: String
  }

  /// Numbers that one model may ask to be filled in without storing them (`ConstantOfShape`).
  private static let fillLimit = 1 << 28

  /// An empty graph for a model.
  init(_ outline: ModelOutline, _ reader: TensorReader, fileBatch: Int?) {
    self.outline = outline
    self.reader = reader
    self.fileBatch = fileBatch
    sourceNames = outline.model.graph.allNames
    taken = TakenNames(Set(outline.model.graph.definedNames))
  }

  /// Tells the user something, once.
  func warn(_ warning: String) {
    if !warnings.contains(warning) { warnings.append(warning) }
  }

  /// Adds an input of the model. The graph holds one that lies channels last with its channels in front, and the model
  /// reads what a transposition gives of that.
  /// - Parameter dimensions: in the model's order.
  func addInput(_ name: String, _ dimensions: [Dimension], layout: InputLayout = .channelsFirst) throws {
    guard layout == .channelsLast, dimensions.count == 4 else {
      values[name] = .computed(try graph.addInput(name, ValueType(.float32, dimensions)))
      return
    }
    let inner = ValueType(.float32, [0, 3, 1, 2].map { dimensions[$0] })
    let input = try graph.addInput(name, inner, layout: layout)
    let view = try graph.addNode(
      .transpose(Transpose([0, 2, 3, 1])), [input], output: freeName(name + ".channels_last"), name: name)
    views[view] = input
    values[name] = .computed(view)
  }

  /// Gives an input of the model its numbers: it is none any more.
  func fix(_ name: String, _ tensor: Tensor) throws {
    values[name] = try known(tensor, name: name)
    hasFixedInputs = true
  }

  /// The input with its channels in front, of which a value is the view with the channels last; nil for other values.
  func channelsFirst(_ value: ValueID) -> ValueID? { views[value] }

  /// What a name stands for. A stored tensor is read when it is first asked for.
  func value(named name: String) throws -> ImportedValue {
    if let value = values[name] { return value }
    guard let stored = outline.initializers[name] ?? branchTensors[name] else {
      throw PexError(.malformed, "'\(name)' is computed by no node before this one")
    }
    let value = try known(stored)
    values[name] = value
    return value
  }

  /// Adds a stored tensor of a branch.
  func store(_ tensor: ONNXTensor) { branchTensors[tensor.name] = tensor }

  /// Records what a node's output stands for.
  func set(_ name: String, _ value: ImportedValue) {
    if case .computed(let id) = value, let constant = graph[id].constant {
      values[name] = .constant(name: graph[id].name, constant)
    } else {
      values[name] = value
    }
  }

  /// A stored tensor as a value, under its own name or another.
  func known(_ stored: ONNXTensor, name: String? = nil) throws -> ImportedValue {
    let value = try known(reader.tensor(stored), name: name ?? stored.name)
    guard case .integers(var known) = value else { return value }
    known.sourceType = try ElementType(code: stored.elementType)
    return .integers(known)
  }

  /// A tensor as a value: a few integers take part in shape arithmetic, floats become f32.
  func known(_ tensor: Tensor, name: String) throws -> ImportedValue {
    if tensor.count <= KnownIntegers.countLimit, let integers = tensor.integers {
      var known = try KnownIntegers(integers.map(Dimension.fixed), extents: tensor.shape.dimensions)
      known.dtype = tensor.dtype
      return .integers(known)
    }
    return .constant(name: name, tensor.dtype.isFloat ? try tensor.asFloat32() : tensor)
  }

  /// The numbers of a tensor attribute.
  func tensor(_ stored: ONNXTensor) throws -> Tensor { try reader.tensor(stored) }

  /// The type of a value in the graph.
  func type(_ id: ValueID) -> ValueType { graph[id].type }

  /// Whether a value is 0 or 1 everywhere because it was compared.
  func isTruth(_ id: ValueID) -> Bool {
    guard case .binary(let binary)? = graph.producer(of: id)?.operation else { return false }
    return [.less, .lessOrEqual, .equal].contains(binary.kind)
  }

  /// The numbers of a constant in the graph, or nil when it is computed.
  func constant(_ id: ValueID) -> Tensor? { graph[id].constant }

  /// The value as something that an operation can read. A constant enters the graph once, under its own name.
  /// - Throws: ``PexError`` (unsupported) for integers: the graph computes with floating-point numbers.
  func float(_ value: ImportedValue) throws -> ValueID {
    switch value {
    case .computed(let id): return id
    case .constant(let name, let tensor):
      guard tensor.dtype.isFloat else {
        throw PexError(
          .unsupported, "'\(name)' holds \(tensor.dtype.name) numbers; only shapes are computed in integers")
      }
      return try addConstant(name) { tensor }
    case .integers:
      throw PexError(
        .unsupported, "expected floating-point numbers, found integers; only shapes are computed in integers")
    }
  }

  /// A constant under a name of the source model; the same one when asked again.
  /// - Parameters:
  ///   - name: what the numbers are called in the source model.
  ///   - suffix: what was done to them, if anything; changed numbers get a name of their own.
  ///   - tensor: makes the numbers, the first time.
  func addConstant(_ name: String, suffix: String = "", _ tensor: () throws -> Tensor) throws -> ValueID {
    let key = ConstantKey(name: name, suffix: suffix)
    if let id = constants[key] { return id }
    let id = try graph.addConstant(suffix.isEmpty ? name : freeName(name + suffix), try tensor())
    constants[key] = id
    return id
  }

  /// Adds a node that gives an output of the source model under its name, or an intermediate value of the lowering,
  /// named after that output and `suffix`.
  /// - Parameter position: which of the source node's outputs it is.
  func emit(
    _ operation: Operation, _ inputs: [ValueID], for node: ONNXNode, output position: Int = 0, suffix: String? = nil
  ) throws -> ValueID {
    let output = node.outputs.indices.contains(position) ? node.outputs[position] : ""
    let name =
      if suffix == nil, !output.isEmpty { output } else {
        freeName((output.isEmpty ? node.name : output) + (suffix ?? ""))
      }
    guard let folded = try folded(operation, inputs) else {
      let result = try graph.addNode(operation, inputs, output: name, name: node.name)
      if case .identity = operation, let input = inputs.first.flatMap({ views[$0] }) { views[result] = input }
      return result
    }
    return try addConstant(name) { folded }
  }

  /// Adds a node with several outputs, all of them intermediate values of the lowering.
  func emit(
    _ operation: Operation, _ inputs: [ValueID], for node: ONNXNode, suffixes: [String]
  ) throws -> [ValueID] {
    let base = node.outputs.first { !$0.isEmpty } ?? node.name
    var names: [String] = []
    for suffix in suffixes { names.append(freeName(base + suffix)) }
    return try graph.addNode(operation, inputs, outputs: names, name: node.name)
  }

  /// What an operation gives that reads only constants, when it is little: sizes that a model computes in floating-point
  /// numbers have to be known on import. What is more is folded behind the import, with the same arithmetic.
  private func folded(_ operation: Operation, _ inputs: [ValueID]) throws -> Tensor? {
    if let moved = try movedFilling(operation, inputs) { return moved }
    let constants = inputs.compactMap { graph[$0].constant }
    guard constants.count == inputs.count, !inputs.isEmpty,
      constants.allSatisfy({ $0.dtype == .float32 && $0.count <= KnownIntegers.countLimit })
    else { return nil }
    let types = try operation.outputTypes(of: constants.map(ValueType.init(of:)))
    guard let type = types.first, type.dtype == .float32, try type.sampleShape().count <= KnownIntegers.countLimit
    else { return nil }
    let products = operation.payload.multiplyAccumulates(inputs: constants.map(ValueType.init(of:)), outputs: types)
    guard products <= foldable else { return nil }
    foldable -= products
    return try Reference.evaluate(operation, constants).first
  }

  /// What an operation gives that only moves the elements of a constant which has the same one everywhere: the states of
  /// recurrent layers before their first step are cut out of one such, as large as there are samples.
  private func movedFilling(_ operation: Operation, _ inputs: [ValueID]) throws -> Tensor? {
    switch operation {
    case .slice, .gather, .reshape, .transpose, .tile: break
    default: return nil
    }
    guard let tensor = inputs.first.flatMap({ graph[$0].constant }), tensor.dtype == .float32 else { return nil }
    // Weights differ at once: nothing is copied to see that.
    let same = try tensor.withFloats { floats in
      floats.first.flatMap { first in floats.allSatisfy { $0.bitPattern == first.bitPattern } ? first : nil }
    }
    guard let element = same else { return nil }
    let shape = try operation.outputTypes(of: [ValueType(of: tensor)]).first?.sampleShape()
    guard let shape, shape.count > 0 else { return nil }
    try fill(shape.count)
    return try Tensor(repeating: element, shape.dimensions)
  }

  /// The value that an operation which only moves elements gives, as one of the node's outputs: integers that are known
  /// stay known.
  /// - Parameter operation: makes the operation for values of so many axes.
  func move(
    _ values: [ImportedValue], for node: ONNXNode, output: Int = 0, suffix: String? = nil,
    _ operation: (Int) throws -> Operation
  ) throws -> ImportedValue {
    let parts = values.compactMap { if case .integers(let known) = $0 { known } else { nil } }
    guard parts.count == values.count, let first = parts.first else {
      let inputs = try values.map(float)
      let rank = inputs.first.map { type($0).rank } ?? 0
      return .computed(try emit(operation(rank), inputs, for: node, output: output, suffix: suffix))
    }
    // Positions are moved in place of what stands there.
    var (places, elements): ([Tensor], [Dimension]) = ([], [])
    for part in parts {
      // A list may be named a million times in one node.
      guard elements.count + part.elements.count <= KnownIntegers.countLimit else {
        throw PexError(.unsupported, "more than \(KnownIntegers.countLimit) integers are too many for shape arithmetic")
      }
      places.append(try Tensor(part.extents, part.elements.indices.map { Float(elements.count + $0) }))
      elements += part.elements
    }
    let operation = try operation(first.extents.count)
    let types = try operation.outputTypes(of: places.map(ValueType.init(of:)))
    guard try (types.first?.sampleShape().count ?? 0) <= KnownIntegers.countLimit,
      let moved = try Reference.evaluate(operation, places).first
    else { throw PexError(.unsupported, "the result's integers are too many for shape arithmetic") }
    return .integers(
      try KnownIntegers(moved.floats.map { elements[Int($0)] }, extents: moved.shape.dimensions))
  }

  /// A zero for every sample, `[N, 1, …]`, made of the first number of an input.
  /// - Throws: ``PexError`` (unsupported) when no input has the batch.
  func zeros(rank: Int, for node: ONNXNode) throws -> ValueID {
    guard let input = graph.inputs.first(where: { graph[$0.value].type.hasBatch })?.value else {
      throw PexError(.unsupported, "no input tells how many samples there are")
    }
    let ones = [Dimension](repeating: 1, count: type(input).rank - 1)
    let slice = StridedSlice(starts: Array(repeating: 0, count: ones.count + 1), dimensions: [.batch] + ones)
    let first = try emit(.slice(slice), [input], for: node, suffix: ".sample")
    let none = try emit(.unary(Unary(.clip(minimum: 0, maximum: 0))), [first], for: node, suffix: ".zero")
    return try emit(
      .reshape(Reshape([.batch] + Array(repeating: 1, count: rank - 1))), [none], for: node, suffix: ".zeros")
  }

  /// Counts numbers that are filled in rather than stored.
  /// - Throws: ``PexError`` (unsupported) beyond what a network can need.
  func fill(_ count: Int) throws {
    guard count <= Self.fillLimit - filled else {
      throw PexError(.unsupported, "more than \(Self.fillLimit) numbers are filled in")
    }
    filled += count
  }

  /// Makes a value an output of the graph under its name.
  func addOutput(_ name: String) throws {
    var id: ValueID
    switch try value(named: name) {
    case .computed(let computed): id = computed
    case .constant(_, let tensor): id = try addConstant(name) { tensor }
    case .integers(let known):
      guard let integers = known.integers else {
        throw PexError(.unsupported, "output '\(name)' is a shape that depends on the batch")
      }
      id = try addConstant(name) { try Tensor(known.extents, integers.map(Int64.init)) }
    }
    if graph.outputs.contains(id) {
      guard graph[id].name != name else { throw PexError(.malformed, "output '\(name)' is listed twice") }
      id = try graph.addNode(.identity(Identity()), [id], output: name)
    }
    graph.addOutput(id)
  }

  /// The graph with its classifier, checked.
  func finish(_ options: ImportOptions) throws -> Graph {
    graph.classifier = try graph.findClassifier(output: options.outputName, kind: options.outputKind)
    try graph.verify()
    return graph
  }

  private func freeName(_ wanted: String) -> String {
    var name = graph.freeName(wanted)
    var number = 1
    while sourceNames.contains(name) {
      name = graph.freeName("\(wanted)_\(number)")
      number += 1
    }
    return name
  }
}
