import PexTensor

/// A recurrent layer in one direction: at every step of a sequence a new state is computed of the step's input and the
/// state before (ONNX `LSTM`, `GRU`, `RNN`; Hochreiter and Schmidhuber 1997, Cho and others 2014, Elman 1990).
///
/// Inputs, H units and G gates (4 of an LSTM, 3 of a GRU, 1 else):
/// - `x [N, T, I]`, the batch in front;
/// - `weight [G * H, I]` and `recurrent [G * H, H]`, gate behind gate: input, output, forget, cell of an LSTM (ONNX's
///   order; Keras' is input, forget, cell, output), update, reset, hidden of a GRU;
/// - `bias [2, G * H]`: what is added to `weight · x`, and to `recurrent · state`;
/// - then, each only where the settings say so, `lengths [N]`, `state [N, H]`, `cell [N, H]` and `peepholes [3 * H]` for
///   input, output and forget gate. Where there is one for all samples its first extent is 1.
///
/// Outputs: `[N, T, H]`, the states; `[N, H]`, the last one; of an LSTM `[N, H]`, the last cell. Steps behind a sample's
/// length give zeros and leave the state. In reverse the last step is the first one's; states stand at their steps.
public struct Recurrent: OperationPayload {
  public static let code = 26
  public static let mnemonic = "recurrent"
  /// Lengths up to here are exact in f32, in which a run computes.
  private static let stepLimit = 1 << 24

  /// What is computed at a step.
  public enum Cell: String, CaseIterable, Hashable, Sendable {
    case lstm, gru, rnn

    /// Matrices of H rows that the weights hold.
    public var gates: Int {
      switch self {
      case .lstm: 4
      case .gru: 3
      case .rnn: 1
      }
    }

    /// How many functions it has: of its gates; of a GRU's or LSTM's new content; of an LSTM's cell.
    public var functionCount: Int {
      switch self {
      case .lstm: 3
      case .gru: 2
      case .rnn: 1
      }
    }
  }

  /// What is computed at a step.
  public var cell: Cell
  /// Whether the sequence is read from its end.
  public var isReversed: Bool
  /// The functions f, g, h of the cell, as many as it has.
  public var functions: [Function]
  /// What the arguments of f and g are limited to, from -clip to clip; infinite where they are not. onnxruntime leaves h's
  /// alone.
  public var clip: Double
  /// Of an LSTM: the forget gate is what the input gate leaves, 1 - i (ONNX `input_forget`).
  public var couplesGates: Bool
  /// Of a GRU: the reset gate is applied to the product with the state (ONNX `linear_before_reset`, Keras
  /// `reset_after`), else to the state.
  public var resetsAfter: Bool
  /// Which of the optional inputs there are.
  public var extras: Extras

  /// Optional inputs.
  public struct Extras: OptionSet, Hashable, Sendable {
    public let rawValue: Int
    /// Those whose bits are set.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Steps of each sample.
    public static let lengths = Extras(rawValue: 1)
    /// The state before the first step; zeros where there is none.
    public static let state = Extras(rawValue: 2)
    /// An LSTM's cell before the first step; zeros where there is none.
    public static let cell = Extras(rawValue: 4)
    /// Factors of an LSTM's cell in its gates.
    public static let peepholes = Extras(rawValue: 8)

    /// All of them with their names, in the order of the inputs.
    fileprivate static let named: [(name: String, extra: Extras)] = [
      ("lengths", .lengths), ("state", .state), ("cell_state", .cell), ("peepholes", .peepholes),
    ]
  }

  /// A layer; the usual functions where none are given.
  public init(
    _ cell: Cell, isReversed: Bool = false, functions: [Function]? = nil, clip: Double = .infinity,
    couplesGates: Bool = false, resetsAfter: Bool = false, extras: Extras = []
  ) {
    self.cell = cell
    self.isReversed = isReversed
    let usual: [Function] = cell == .rnn ? [Function(.tanh)] : [Function(.sigmoid), Function(.tanh), Function(.tanh)]
    self.functions = functions ?? Array(usual.prefix(cell.functionCount))
    self.clip = clip
    self.couplesGates = couplesGates
    self.resetsAfter = resetsAfter
    self.extras = extras
  }

  /// The names of the functions' settings.
  private static let letters = ["f", "g", "h"]

  public var attributes: [Attribute] {
    let functions = zip(Self.letters, functions).flatMap { $1.attributes(named: $0) }
    return [Attribute("cell", .word(cell.rawValue)), Attribute("reverse", .integer(isReversed ? 1 : 0))] + functions
      + [
        Attribute("clip", .float(clip)), Attribute("couples_gates", .integer(couplesGates ? 1 : 0)),
        Attribute("resets_after", .integer(resetsAfter ? 1 : 0)),
      ] + Extras.named.map { Attribute($0.name, .integer(extras.contains($0.extra) ? 1 : 0)) }
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    cell = try reader.choice("cell")
    isReversed = try reader.flag("reverse")
    functions = []
    for letter in Self.letters.prefix(cell.functionCount) { functions.append(try Function(from: &reader, letter)) }
    clip = try reader.float("clip")
    couplesGates = try reader.flag("couples_gates")
    resetsAfter = try reader.flag("resets_after")
    extras = []
    for (name, extra) in Extras.named where try reader.flag(name) { extras.insert(extra) }
  }

  public var formatVersion: Int { 8 }
  public var inputCount: ClosedRange<Int> { 4...8 }
  public var parameterInputs: Range<Int> { 1..<4 }

  /// The steps that a length means: a whole number between none and all of them.
  public static func steps(of length: Float, among steps: Int) -> Int {
    length.isNaN ? 0 : Int(min(max(length, 0), Float(steps)))
  }

  /// Where an optional input stands among the inputs; nil where it is left out.
  public func position(of extra: Extras) -> Int? {
    guard extras.contains(extra) else { return nil }
    return 4 + Extras.named.prefix { $0.extra != extra }.filter { extras.contains($0.extra) }.count
  }
}

extension Recurrent {
  /// The outputs' types; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    try checkSettings(inputs.count)
    let (x, recurrent) = (inputs[0], inputs[2])
    guard x.rank == 3, case .fixed(let steps) = x.dimensions[1], (1...Self.stepLimit).contains(steps) else {
      throw PexError(.malformed, "recurrent: expected an input [N,T,I] of 1…2^24 steps, found \(x)")
    }
    guard recurrent.rank == 2, !recurrent.hasBatch, case .fixed(let units) = recurrent.dimensions[1], units >= 1 else {
      throw PexError(.malformed, "recurrent: expected recurrent weights [\(cell.gates)H,H], found \(recurrent)")
    }
    let rows = Dimension.fixed(saturatingProduct([cell.gates, units]))
    try require(recurrent, "recurrent weights", [[rows, .fixed(units)]])
    try require(inputs[1], "weights", [[rows, x.dimensions[2]]])
    try require(inputs[3], "a bias", [[2, rows]])
    let batch = x.dimensions[0]
    if let place = position(of: .lengths) { try require(inputs[place], "lengths", [[batch], [1]]) }
    for (extra, name) in [(Extras.state, "a state"), (.cell, "a cell")] {
      guard let place = position(of: extra) else { continue }
      try require(inputs[place], name, [[batch, .fixed(units)], [1, .fixed(units)]])
    }
    if let place = position(of: .peepholes) {
      try require(inputs[place], "peepholes", [[.fixed(saturatingProduct([3, units]))]])
    }
    let last = ValueType(x.dtype, [batch, .fixed(units)])
    return [ValueType(x.dtype, [batch, .fixed(steps), .fixed(units)]), last] + (cell == .lstm ? [last] : [])
  }

  private func checkSettings(_ inputs: Int) throws {
    guard inputs == 4 + Extras.named.filter({ extras.contains($0.extra) }).count else {
      throw PexError(.malformed, "recurrent: \(inputs) inputs differ in number from what the settings say")
    }
    guard functions.count == cell.functionCount, clip > 0 else {
      throw PexError(
        .malformed,
        "recurrent: expected \(cell.functionCount) functions and clip > 0, found \(functions.count), \(clip)")
    }
    guard cell == .lstm || !couplesGates && extras.isDisjoint(with: [.cell, .peepholes]) else {
      throw PexError(.malformed, "recurrent: only an LSTM has a cell, peepholes and gates to couple")
    }
    guard cell == .gru || !resetsAfter else { throw PexError(.malformed, "recurrent: only a GRU has a reset gate") }
  }

  private func require(_ type: ValueType, _ name: String, _ wanted: [[Dimension]]) throws {
    guard !wanted.contains(type.dimensions) else { return }
    let expected = wanted.first.map { ValueType(type.dtype, $0).description } ?? ""
    throw PexError(.malformed, "recurrent: expected \(name) \(expected), found \(type)")
  }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    let (weight, recurrent) = (inputs[1].perSample, inputs[2].perSample)
    let (depth, overflow) = weight[1].addingReportingOverflow(recurrent[1])
    return saturatingProduct([inputs[0].perSample[1], weight[0], overflow ? Int.max : depth])
  }

  /// Products or numbers summed into one output element: every state is made of the ones before.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    let (x, recurrent) = (inputs[0].perSample, inputs[2].perSample)
    let (depth, overflow) = x[2].addingReportingOverflow(recurrent[1])
    return saturatingProduct([x[1], overflow ? Int.max : depth])
  }
}
