import PexGraph
import PexTensor

/// Layers that go through a sequence step by step. Keras stores what is multiplied with a step as `[inputs, gates * units]`,
/// and with the state as `[units, gates * units]`.
enum RecurrentLayers {
  static let rows: [LayerRow] = [row("LSTM", .lstm), row("GRU", .gru), row("SimpleRNN", .rnn)]

  /// The arguments of the wrapper that reads a sequence both ways.
  static let bidirectional = ArgumentRules(inert: ["layer", "backward_layer"])

  /// The arguments of the layers themselves.
  static let arguments = ArgumentRules(
    inert: [
      "dropout", "recurrent_dropout", "implementation", "unroll", "unit_forget_bias", "use_cudnn",
      "zero_output_for_mask",
    ],
    fixed: ["time_major": .bool(false), "stateful": .bool(false)])

  private static func row(_ className: String, _ cell: Recurrent.Cell) -> LayerRow {
    LayerRow(
      className, weights: { WeightCount(trainable: try $0.flag("use_bias", default: true) ? 3 : 2) }, trains: true,
      arguments: arguments, limit: "Keras 2 and later, without masks and kept states",
      outputs: { try outputs($0, states($0), cell) })
  }

  /// A sequence of states by step, and the last ones.
  private struct Result {
    /// The states, each at its step.
    var steps: ValueID
    var isReversed: Bool
    /// The last state, and of an LSTM the last cell.
    var last: [ValueID]
  }

  /// What a layer answers with: its last state or all of them in the order in which they were computed, then its states.
  private static func outputs(
    _ context: LayerContext, _ states: [Feature], _ cell: Recurrent.Cell
  ) throws -> [Feature] {
    let result = try run(context, states, cell)
    let keepsStates = try context.settings.flag("return_state", default: false)
    let steps = try context.settings.flag("return_sequences", default: false)
    let answer = steps ? try turned(result.steps, result.isReversed, context.builder) : result.last[0]
    return ([answer] + (keepsStates ? result.last : [])).map { Feature($0) }
  }

  /// The wrapper's answer: both layers read the sequence, and what the second has computed is turned round.
  /// - Parameters:
  ///   - wrapper: the wrapper's call.
  ///   - ways: the calls of both layers.
  static func bidirectional(_ wrapper: LayerContext, _ ways: [LayerContext]) throws -> [Feature] {
    let builder = wrapper.builder
    let scope = builder.scope
    let results = try ways.map { way -> Result in
      builder.scope = "\(scope)/\(way.layer.name)"
      guard let cell = cells[way.layer.className] else {
        throw ArgumentRules.refusal("layer", way.layer.className)
      }
      return try run(way, [], cell)
    }
    let flags = try ["return_sequences", "return_state"].map { name in
      try ways.map { try $0.settings.flag(name, default: false) }
    }
    guard results.count == 2, flags.allSatisfy({ $0[0] == $0[1] }), results[0].isReversed != results[1].isReversed
    else {
      throw PexError(.malformed, "expected two layers that differ in 'go_backwards' and in no return value")
    }
    builder.scope = scope
    var sides = results.map { $0.last[0] }
    if flags[0][0] {
      sides = [
        try turned(results[0].steps, results[0].isReversed, builder),
        try turned(results[1].steps, !results[1].isReversed, builder),
      ]
    }
    let merged = try merge(sides, wrapper)
    return (merged + (flags[1][0] ? results.flatMap(\.last) : [])).map { Feature($0) }
  }

  private static let cells: [String: Recurrent.Cell] = ["LSTM": .lstm, "GRU": .gru, "SimpleRNN": .rnn]

  /// Both ways as one tensor; as two where nothing is said.
  private static func merge(_ sides: [ValueID], _ wrapper: LayerContext) throws -> [ValueID] {
    let builder = wrapper.builder
    func combined(_ kind: Binary.Kind) throws -> ValueID { try builder.emit(.binary(Binary(kind)), sides) }
    guard wrapper.settings.value("merge_mode") != nil else { return sides }
    let mode = try wrapper.settings.text("merge_mode", default: "concat")
    switch mode {
    case "concat": return [try builder.emit(.concat(Concat(axis: builder.type(sides[0]).rank - 1)), sides)]
    case "sum": return [try combined(.add)]
    case "mul": return [try combined(.multiply)]
    case "ave": return [try builder.emit(.binary(Binary(.multiply)), [combined(.add), builder.scalar(0.5)])]
    default: throw wrapper.settings.misfit("merge_mode", "concat, sum, mul, ave or null", .text(mode))
    }
  }

  /// A sequence from its end, or as it is.
  private static func turned(_ value: ValueID, _ turns: Bool, _ builder: GraphBuilder) throws -> ValueID {
    let type = builder.type(value)
    guard turns, type.perSample[1] > 1 else { return value }
    let slice = StridedSlice(starts: [0, type.perSample[1] - 1, 0], dimensions: type.dimensions, steps: [1, -1, 1])
    return try builder.emit(.slice(slice), [value])
  }

  /// The states that a call begins with: behind the sequence in Keras 2, under a name of their own in Keras 3.
  private static func states(_ context: LayerContext) throws -> [Feature] {
    if let argument = context.call.keywords["initial_state"] {
      context.trace.note("initial_state")
      let references = argument.references
      if !references.isEmpty { return try references.map { try state(context.feature(.tensor($0))) } }
    }
    return Array(context.inputs.dropFirst())
  }

  private static func state(_ feature: Feature?) throws -> Feature {
    guard let feature else { throw PexError(.malformed, "a state is not there") }
    return feature
  }

  private static func run(_ context: LayerContext, _ states: [Feature], _ cell: Recurrent.Cell) throws -> Result {
    guard context.version >= 2 else { throw PexError(.unsupported, "is not supported as Keras 1 stores it") }
    let builder = context.builder
    let settings = context.settings
    guard let sequence = context.inputs.first else { throw PexError(.malformed, "expected a sequence") }
    let x = try builder.natural(sequence)
    guard builder.type(x).rank == 3 else { throw PexError(.malformed, "expected a sequence [batch, steps, inputs]") }
    var operation = Recurrent(cell, functions: try functions(context, cell))
    operation.isReversed = try settings.flag("go_backwards", default: false)
    operation.resetsAfter = try cell == .gru && settings.flag("reset_after", default: false)
    guard states.isEmpty || states.count == (cell == .lstm ? 2 : 1) else {
      throw PexError(.malformed, "argument 'initial_state': \(states.count) tensors do not fit the layer")
    }
    operation.extras = states.isEmpty ? [] : cell == .lstm ? [.state, .cell] : [.state]
    let parameters = try parameters(context, builder.type(x).perSample[2], operation)
    let outputs = try builder.emitAll(
      .recurrent(operation), [x] + parameters + states.map { try builder.natural($0) }, count: cell == .lstm ? 3 : 2)
    return Result(steps: outputs[0], isReversed: operation.isReversed, last: Array(outputs.dropFirst()))
  }

  /// Weights of a step, of the state, and what is added.
  private static func parameters(
    _ context: LayerContext, _ inputs: Int, _ operation: Recurrent
  ) throws -> [ValueID] {
    let builder = context.builder
    let units = try context.settings.extent("units")
    let columns = operation.cell.gates * units
    let hasBias = try context.settings.flag("use_bias", default: true)
    func matrix(_ name: String, _ rows: Int) throws -> ValueID {
      try builder.constant(name) {
        try gates(context.weight(name, [rows, columns]).transposedMatrix(), operation.cell, units)
      }
    }
    let weights = [try matrix("kernel", inputs), try matrix("recurrent_kernel", units)]
    let bias = try builder.constant("bias") {
      guard hasBias else { return try Tensor(repeating: 0, [2, columns]) }
      // With a reset behind the product there is a second one, for the state.
      if operation.resetsAfter { return try context.weight("bias", [2, columns]) }
      let own = try gates(context.weight("bias", [columns]).reshaped([columns, 1]), operation.cell, units)
      return try Tensor([2, columns], own.floats + Array(repeating: 0, count: columns))
    }
    return weights + [bias]
  }

  /// Rows in the order of the operation: an LSTM's gates are input, forget, cell, output in Keras, and input, output,
  /// forget, cell here.
  private static func gates(_ matrix: Tensor, _ cell: Recurrent.Cell, _ units: Int) throws -> Tensor {
    guard cell == .lstm else { return matrix }
    let size = units * matrix.shape.dimensions[1]
    let numbers = matrix.floats
    return try Tensor(
      matrix.shape.dimensions, [0, 3, 1, 2].flatMap { numbers[$0 * size..<($0 + 1) * size] })
  }

  private static func functions(_ context: LayerContext, _ cell: Recurrent.Cell) throws -> [Recurrent.Function] {
    let content = try function("activation", "tanh", context)
    guard cell != .rnn else { return [content] }
    let gates = try function("recurrent_activation", "sigmoid", context)
    return cell == .lstm ? [gates, content, content] : [gates, content]
  }

  private static func function(
    _ setting: String, _ standard: String, _ context: LayerContext
  ) throws -> Recurrent.Function {
    // Null stands for a function that does nothing.
    guard let value = context.settings.value(setting) else { return Recurrent.Function(.affine, alpha: 1) }
    switch value.text {
    case "linear": return Recurrent.Function(.affine, alpha: 1)
    case "tanh": return Recurrent.Function(.tanh)
    case "sigmoid": return Recurrent.Function(.sigmoid)
    case "relu": return Recurrent.Function(.relu)
    case "hard_sigmoid": return Recurrent.Function(.hardSigmoid, alpha: context.version >= 3 ? 1.0 / 6 : 0.2, beta: 0.5)
    case "elu": return Recurrent.Function(.elu, alpha: 1)
    case "selu": return Recurrent.Function(.selu, alpha: 1.6732632423543772, beta: 1.0507009873554805)
    case "leaky_relu": return Recurrent.Function(.leakyRelu, alpha: 0.2)
    case "softsign": return Recurrent.Function(.softsign)
    case "softplus": return Recurrent.Function(.softplus)
    case "exponential": return Recurrent.Function(.exponential)
    case "swish", "silu": return Recurrent.Function(.swish)
    case "gelu": return Recurrent.Function(.gelu)
    default: throw ArgumentRules.refusal(setting, "\(value)")
    }
  }
}
