import PexGraph
import PexTensor

/// Recurrent layers. The graph has one direction in a node, the batch in front: two directions are two nodes, and the
/// sequence, which ONNX has in front, is turned on the way in and out.
enum RecurrentOperators {
  static let rows = Recurrent.Cell.allCases.map { cell in
    OperatorRow(
      op: cell.rawValue.uppercased(), since: 1, limit: "the number of steps known beforehand",
      function: { try RecurrentLayer(cell, $0, $1).add() })
  }
}

/// One node of the source model.
private struct RecurrentLayer {
  let cell: Recurrent.Cell
  let node: NodeReader
  let builder: GraphBuilder
  /// Whether the batch lies in front in the source model too (`layout` 1).
  let isBatchFirst: Bool
  let directions: [Bool]
  /// The input, batch in front.
  let x: ValueID
  let units: Int
  /// One for each direction; what concerns optional inputs comes later.
  private var layers: [Recurrent] = []

  init(_ cell: Recurrent.Cell, _ node: NodeReader, _ builder: GraphBuilder) throws {
    (self.cell, self.node, self.builder) = (cell, node, builder)
    node.ignore("output_sequence")
    isBatchFirst = try node.flag("layout", default: false)
    let word = try node.string("direction", default: "forward")
    switch word {
    case "forward": directions = [false]
    case "reverse": directions = [true]
    case "bidirectional": directions = [false, true]
    default:
      throw PexError(
        .malformed, "attribute 'direction': expected forward, reverse or bidirectional, found '\(word.prefix(40))'")
    }
    let source = try builder.float(node.input(0, "X"))
    let type = builder.type(source)
    guard type.rank == 3 else {
      throw PexError(
        .malformed, "input 0 (X): expected \(isBatchFirst ? "[batch,steps,size]" : "[steps,batch,size]"), found \(type)"
      )
    }
    guard isBatchFirst || !type.hasBatch else {
      throw PexError(.unsupported, "input 0 (X): the steps of a sequence lie where the batch is")
    }
    let recurrent = try Reshaping.dimensions(of: node.input(2, "R"), builder).map(\.perSample)
    units = try node.integer("hidden_size", default: recurrent.last ?? 0)
    guard units >= 1, units == recurrent.last else {
      throw PexError(.malformed, "input 2 (R): expected \(units) as its last extent, found \(recurrent)")
    }
    x =
      isBatchFirst
      ? source : try builder.emit(.transpose(Transpose([1, 0, 2])), [source], for: node.node, suffix: ".sequence")
    layers = try settings()
  }

  // MARK: Settings

  private func settings() throws -> [Recurrent] {
    let functions = try functions()
    let clip = try node.optionalFloat("clip") ?? .infinity
    guard clip > 0 else { throw PexError(.malformed, "attribute 'clip': expected a number above 0, found \(clip)") }
    let couples = cell == .lstm ? try node.flag("input_forget", default: false) : false
    let resets = cell == .gru ? try node.flag("linear_before_reset", default: false) : false
    return zip(directions, functions).map {
      Recurrent(cell, isReversed: $0, functions: $1, clip: clip, couplesGates: couples, resetsAfter: resets)
    }
  }

  /// The functions of each direction. Lists of their settings have entries for those alone that have such a setting.
  private func functions() throws -> [[Recurrent.Function]] {
    var (alphas, betas) = (
      try node.optionalFloats("activation_alpha") ?? [], try node.optionalFloats("activation_beta") ?? []
    )
    let words = try node.optionalStrings("activations")
    let count = cell.functionCount * directions.count
    guard words?.count ?? count == count else {
      throw PexError(.malformed, "attribute 'activations': expected \(count) names, found \(words?.count ?? 0)")
    }
    guard let words else { return directions.map { _ in Recurrent(cell).functions } }
    let all = try words.map { word in
      guard var function = Self.usual[word.lowercased()] else {
        throw PexError(.unsupported, "attribute 'activations': the function '\(word.prefix(40))' is not supported")
      }
      let settings = Recurrent.Function.settings(of: function.kind)
      if settings >= 1, !alphas.isEmpty { function.alpha = Double(alphas.removeFirst()) }
      if settings == 2, !betas.isEmpty { function.beta = Double(betas.removeFirst()) }
      // For these the specification and onnxruntime have different settings where a file gives none.
      guard !function.alpha.isNaN, !function.beta.isNaN else {
        throw PexError(
          .unsupported, "attributes 'activation_alpha' and 'activation_beta': expected the settings of \(word)")
      }
      guard function.alpha.isFinite, function.beta.isFinite else {
        throw PexError(.malformed, "attribute 'activation_alpha' or 'activation_beta': expected finite numbers")
      }
      return function
    }
    return directions.indices.map { Array(all[$0 * cell.functionCount..<($0 + 1) * cell.functionCount]) }
  }

  /// The functions by their names in small letters, with the settings that they have where a file gives none.
  private static let usual: [String: Recurrent.Function] = [
    "affine": .init(.affine, alpha: .nan, beta: 0), "relu": .init(.relu),
    "leakyrelu": .init(.leakyRelu, alpha: Double(Float(0.01))), "thresholdedrelu": .init(.thresholdedRelu, alpha: .nan),
    "tanh": .init(.tanh), "scaledtanh": .init(.scaledTanh, alpha: .nan, beta: .nan), "sigmoid": .init(.sigmoid),
    "hardsigmoid": .init(.hardSigmoid, alpha: Double(Float(0.2)), beta: 0.5), "elu": .init(.elu, alpha: 1),
    "softsign": .init(.softsign), "softplus": .init(.softplus),
  ]

  // MARK: Inputs

  /// The part of a stored or computed tensor that belongs to a direction, under other extents.
  /// - Parameter axis: the axis of the directions.
  private func part(
    _ value: ImportedValue, _ index: Int, _ label: String, expected: [Dimension], axis: Int = 0, _ direction: Int,
    as extents: [Dimension]
  ) throws -> ValueID {
    let found = try Reshaping.dimensions(of: value, builder)
    guard found == expected else {
      throw PexError(
        .malformed, "input \(index) (\(label)): expected \(list(expected)), found \(list(found))")
    }
    let suffix = ".\(direction == 0 ? "first" : "second")"
    if case .constant(let name, let tensor) = value, axis == 0, tensor.dtype.isFloat {
      let shape = extents.map(\.perSample)
      let count = shape.reduce(1, *)
      return try builder.addConstant(name, suffix: directions.count > 1 ? suffix : ".\(label)") {
        try Tensor(shape, Array(tensor.floats[direction * count..<(direction + 1) * count]))
      }
    }
    var whole = try builder.float(value)
    if directions.count > 1 {
      whole = try builder.emit(
        .gather(Gather(axis: axis, indices: [direction])), [whole], for: node.node, suffix: ".\(label)\(suffix)")
    }
    return try builder.emit(
      .reshape(Reshape(extents)), [whole], for: node.node, suffix: ".\(label)\(suffix).\(extents.count)")
  }

  private func list(_ dimensions: [Dimension]) -> String {
    "[\(dimensions.map(\.description).joined(separator: ","))]"
  }

  private var count: Dimension { .fixed(directions.count) }
  private var rows: Int { cell.gates * units }

  /// Weights and bias of a direction.
  private func weights(_ direction: Int) throws -> [ValueID] {
    let size = builder.type(x).dimensions[2]
    var result = [
      try part(
        node.input(1, "W"), 1, "W", expected: [count, .fixed(rows), size], direction, as: [.fixed(rows), size]),
      try part(
        node.input(2, "R"), 2, "R", expected: [count, .fixed(rows), .fixed(units)], direction,
        as: [.fixed(rows), .fixed(units)]),
    ]
    if let bias = node.optionalInput(3) {
      result.append(
        try part(bias, 3, "B", expected: [count, .fixed(2 * rows)], direction, as: [2, .fixed(rows)]))
    } else {
      let name = node.node.outputs.first { !$0.isEmpty } ?? node.node.name
      result.append(try builder.addConstant(name, suffix: ".B") { try Tensor(repeating: 0, [2, rows]) })
    }
    return result
  }

  /// Adds the optional inputs of a direction to what it reads and to its settings.
  private func addExtras(_ direction: Int, _ layer: inout Recurrent, _ inputs: inout [ValueID]) throws {
    if let lengths = try lengths() {
      layer.extras.insert(.lengths)
      inputs.append(lengths)
    }
    if let state = try state(5, "initial_h", direction) {
      layer.extras.insert(.state)
      inputs.append(state)
    }
    guard cell == .lstm else { return }
    if let start = try state(6, "initial_c", direction) {
      layer.extras.insert(.cell)
      inputs.append(start)
    }
    if let peepholes = node.optionalInput(7) {
      layer.extras.insert(.peepholes)
      inputs.append(
        try part(
          peepholes, 7, "P", expected: [count, .fixed(3 * units)], direction, as: [.fixed(3 * units)]))
    }
  }

  /// The number of steps of every sample; nil where it is all of them.
  private func lengths() throws -> ValueID? {
    guard let value = node.optionalInput(4) else { return nil }
    let (batch, steps) = (builder.type(x).dimensions[0], builder.type(x).perSample[1])
    let found = try Reshaping.dimensions(of: value, builder)
    guard found == [batch] || found == [1] else {
      throw PexError(.malformed, "input 4 (sequence_lens): expected \(list([batch])), found \(list(found))")
    }
    guard case .computed(let id) = value else {
      let numbers = try node.optionalNumbers(4, "sequence_lens", builder) ?? []
      guard numbers.allSatisfy({ (0...Double(steps)).contains($0) }) else {
        throw PexError(.malformed, "input 4 (sequence_lens): expected numbers of steps from 0 to \(steps)")
      }
      guard numbers.contains(where: { $0 != Double(steps) }) else { return nil }
      return try builder.addConstant(node.node.inputs[4], suffix: ".f32") {
        try Tensor([numbers.count], numbers.map { Float($0) })
      }
    }
    return id
  }

  /// The state or the cell before the first step; nil where it is zeros.
  private func state(_ index: Int, _ label: String, _ direction: Int) throws -> ValueID? {
    guard let value = node.optionalInput(index) else { return nil }
    let batch = builder.type(x).dimensions[0]
    let found = try Reshaping.dimensions(of: value, builder)
    // One state for all samples, however many: what a file for a batch of one stores.
    let rows: Dimension = found.count == 3 && found[isBatchFirst ? 0 : 1] == 1 ? 1 : batch
    let expected = isBatchFirst ? [rows, count, .fixed(units)] : [count, rows, .fixed(units)]
    if case .constant(_, let tensor) = value, found == expected, tensor.floats.allSatisfy({ $0 == 0 }) { return nil }
    return try part(
      value, index, label, expected: expected, axis: isBatchFirst ? 1 : 0, direction, as: [rows, .fixed(units)])
  }

  // MARK: Outputs

  /// Adds the nodes; gives states, last states and last cells.
  func add() throws -> [ImportedValue] {
    let results = try layers.enumerated().map { direction, layer in
      var (layer, inputs) = (layer, [x] + (try weights(direction)))
      try addExtras(direction, &layer, &inputs)
      let suffix = layer.isReversed ? ".reverse" : ".forward"
      let suffixes = ["", ".last", ".cell"].prefix(cell == .lstm ? 3 : 2).map { suffix + $0 }
      return try builder.emit(.recurrent(layer), inputs, for: node.node, suffixes: suffixes)
    }
    var values = [try joined(results.map { $0[0] }, axis: 2, turned: isBatchFirst ? nil : [1, 2, 0, 3], output: 0)]
    for output in 1..<(results.first?.count ?? 1) {
      values.append(try joined(results.map { $0[output] }, axis: isBatchFirst ? 1 : 0, turned: nil, output: output))
    }
    return values
  }

  /// What the directions give, side by side on a new axis.
  private func joined(
    _ parts: [ValueID], axis: Int, turned permutation: [Int]?, output: Int
  ) throws -> ImportedValue {
    guard let first = parts.first else { throw PexError(.defect, "a layer without directions") }
    guard node.gives(output) else { return .computed(first) }
    var dimensions = builder.type(first).dimensions
    dimensions.insert(1, at: axis)
    let isWhole = parts.count == 1
    func name(_ suffix: String, isLast: Bool) -> String? { isLast ? nil : suffix }
    let spread = try parts.enumerated().map { number, part in
      try builder.emit(
        .reshape(Reshape(dimensions)), [part], for: node.node, output: output,
        suffix: name(".\(number)", isLast: isWhole && permutation == nil))
    }
    let both =
      isWhole
      ? spread[0]
      : try builder.emit(
        .concat(Concat(axis: axis)), spread, for: node.node, output: output,
        suffix: name(".both", isLast: permutation == nil))
    guard let permutation else { return .computed(both) }
    return .computed(try builder.emit(.transpose(Transpose(permutation)), [both], for: node.node, output: output))
  }
}
