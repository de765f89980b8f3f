import Foundation
import PexGraph
import PexTensor

extension Reference {
  /// A recurrent layer, sample by sample and step by step, as the formulas of ONNX `LSTM`, `GRU` and `RNN` read.
  /// - Throws: ``PexError`` (malformed) when the inputs do not fit.
  static func recurrent(_ layer: Recurrent, _ inputs: [Tensor]) throws -> [Tensor] {
    let types = try Operation.recurrent(layer).outputTypes(of: inputs.map(ValueType.init(of:)))
    let shape = inputs[0].shape
    let (samples, steps, units) = (shape[0], shape[1], inputs[2].shape[1])
    let weights = RecurrentWeights(layer, inputs)
    var states = [Float](repeating: 0, count: samples * steps * units)
    var (last, lastCells): ([Float], [Float]) = ([], [])
    for sample in 0..<samples {
      var state = weights.start(.state, sample)
      var cell = weights.start(.cell, sample)
      let count = weights.length(sample, steps)
      for step in layer.isReversed ? Array((0..<count).reversed()) : Array(0..<count) {
        weights.advance(&state, &cell, x: (sample * steps + step) * shape[2])
        let place = (sample * steps + step) * units
        for unit in 0..<units { states[place + unit] = Float(state[unit]) }
      }
      last += state.map { Float($0) }
      lastCells += cell.map { Float($0) }
    }
    return try zip(types, [states, last, lastCells]).map { try Tensor($0.sampleShape().dimensions, $1) }
  }

  /// A function of a recurrent cell; as exact as `x`.
  package static func function(_ function: Recurrent.Function, _ x: Double) -> Double {
    let (a, b) = (function.alpha, function.beta)
    switch function.kind {
    case .affine: return a * x + b
    case .relu: return x.isNaN ? x : max(x, 0)
    case .leakyRelu: return x < 0 ? a * x : x
    case .thresholdedRelu: return x > a || x.isNaN ? x : 0
    case .tanh: return Foundation.tanh(x)
    case .scaledTanh: return a * Foundation.tanh(b * x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .hardSigmoid: return x.isNaN ? x : max(0, min(1, a * x + b))
    case .elu: return x < 0 ? a * expm1(x) : x
    case .softsign: return x / (1 + Swift.abs(x))
    case .softplus: return x.isNaN ? x : max(x, 0) + log1p(exp(-Swift.abs(x)))
    case .selu: return b * (x > 0 ? x : a * expm1(x))
    case .exponential: return exp(x)
    case .swish: return x / (1 + exp(-x))
    case .gelu: return 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    }
  }
}

/// The inputs of a recurrent layer as lists, and one step of it.
private struct RecurrentWeights {
  let layer: Recurrent
  let units: Int, depth: Int
  let x: [Float], weight: [Float], recurrent: [Float], bias: [Float]
  private var extras: [Int: Tensor] = [:]

  init(_ layer: Recurrent, _ inputs: [Tensor]) {
    self.layer = layer
    (units, depth) = (inputs[2].shape[1], inputs[0].shape[2])
    (x, weight, recurrent, bias) = (inputs[0].floats, inputs[1].floats, inputs[2].floats, inputs[3].floats)
    for extra in [Recurrent.Extras.lengths, .state, .cell, .peepholes] {
      if let place = layer.position(of: extra) { extras[extra.rawValue] = inputs[place] }
    }
  }

  /// The state or the cell of a sample before its first step.
  func start(_ extra: Recurrent.Extras, _ sample: Int) -> [Double] {
    guard let tensor = extras[extra.rawValue] else { return [Double](repeating: 0, count: units) }
    let row = tensor.shape[0] == 1 ? 0 : sample
    return tensor.floats[row * units..<(row + 1) * units].map(Double.init)
  }

  /// How many steps a sample has.
  func length(_ sample: Int, _ steps: Int) -> Int {
    guard let lengths = extras[Recurrent.Extras.lengths.rawValue]?.floats else { return steps }
    return Recurrent.steps(of: lengths[lengths.count == 1 ? 0 : sample], among: steps)
  }

  func advance(_ state: inout [Double], _ cell: inout [Double], x start: Int) {
    switch layer.cell {
    case .rnn: state = gate(0, start, state).map { apply(0, $0) }
    case .gru: state = gru(start, state)
    case .lstm: (state, cell) = lstm(start, state, cell)
    }
  }

  private func gru(_ start: Int, _ state: [Double]) -> [Double] {
    let update = gate(0, start, state).map { apply(0, $0) }
    let reset = gate(1, start, state).map { apply(0, $0) }
    let reach =
      layer.resetsAfter
      ? zip(reset, product(2, state)).map { $0 * $1 }
      : product(2, zip(reset, state).map { $0 * $1 })
    let content = zip(input(2, start), reach).map { apply(1, $0 + $1) }
    return state.indices.map { (1 - update[$0]) * content[$0] + update[$0] * state[$0] }
  }

  private func lstm(_ start: Int, _ state: [Double], _ cell: [Double]) -> ([Double], [Double]) {
    let entering = zip(gate(0, start, state), peep(0, cell)).map { apply(0, $0 + $1) }
    let keeping =
      layer.couplesGates
      ? entering.map { 1 - $0 } : zip(gate(2, start, state), peep(2, cell)).map { apply(0, $0 + $1) }
    let content = gate(3, start, state).map { apply(1, $0) }
    let next = cell.indices.map { keeping[$0] * cell[$0] + entering[$0] * content[$0] }
    let leaving = zip(gate(1, start, state), peep(1, next)).map { apply(0, $0 + $1) }
    return (next.indices.map { leaving[$0] * apply(2, next[$0]) }, next)
  }

  /// What a gate's function is given.
  private func gate(_ gate: Int, _ start: Int, _ state: [Double]) -> [Double] {
    zip(input(gate, start), product(gate, state)).map { $0 + $1 }
  }

  private func input(_ gate: Int, _ start: Int) -> [Double] {
    (0..<units).map { unit in
      let row = gate * units + unit
      return (0..<depth).reduce(Double(bias[row])) { $0 + Double(weight[row * depth + $1]) * Double(x[start + $1]) }
    }
  }

  private func product(_ gate: Int, _ state: [Double]) -> [Double] {
    (0..<units).map { unit in
      let row = gate * units + unit
      let shift = Double(bias[layer.cell.gates * units + row])
      return (0..<units).reduce(shift) { $0 + Double(recurrent[row * units + $1]) * state[$1] }
    }
  }

  private func peep(_ gate: Int, _ cell: [Double]) -> [Double] {
    guard let peepholes = extras[Recurrent.Extras.peepholes.rawValue]?.floats else { return cell.map { _ in 0 } }
    // Their order is input, output, forget, as that of the gates.
    return cell.indices.map { Double(peepholes[gate * units + $0]) * cell[$0] }
  }

  private func apply(_ function: Int, _ x: Double) -> Double {
    let limited = x.isNaN || function == 2 ? x : max(-layer.clip, min(layer.clip, x))
    return Reference.function(layer.functions[function], limited)
  }
}
