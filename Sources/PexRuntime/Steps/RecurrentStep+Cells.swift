import CPexKernels
import PexGraph
import PexReference

extension RecurrentStep {
  /// One step of a sample.
  /// - Parameter shares: what the input gives to the gates.
  func advance(
    _ work: RecurrentWork, shares: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, _ workers: Workers
  ) {
    early(work.state, shares, packed, work.gates, workers)
    switch layer.cell {
    case .rnn:
      apply(0, units, work.gates)
      work.state.update(from: work.gates, count: units)
    case .gru: gru(work, shares, packed, workers)
    case .lstm: lstm(work)
    }
  }

  private func gru(
    _ work: RecurrentWork, _ shares: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, _ workers: Workers
  ) {
    let (update, reset, content) = (work.gates, work.gates + units, work.gates + 2 * units)
    let lateShares = shares + 2 * units
    apply(0, 2 * units, work.gates)
    if layer.resetsAfter {
      late(work.state, nil, packed, content, workers)
      combine(pex_multiply, reset, content, to: content)
      combine(pex_add, content, lateShares, to: content)
    } else {
      combine(pex_multiply, reset, work.state, to: work.room)
      late(work.room, lateShares, packed, content, workers)
    }
    apply(1, units, content)
    for unit in 0..<units {
      work.state[unit] = (1 - update[unit]) * content[unit] + update[unit] * work.state[unit]
    }
  }

  private func lstm(_ work: RecurrentWork) {
    guard let cell = work.cell else { return }
    let (entering, leaving) = (work.gates, work.gates + units)
    let (keeping, content) = (work.gates + 2 * units, work.gates + 3 * units)
    if let peepholes = work.peepholes {
      add(peepholes, times: cell, to: entering)
      add(peepholes + 2 * units, times: cell, to: keeping)
      apply(0, units, entering)
      apply(0, units, keeping)
    } else {
      apply(0, 3 * units, work.gates)
    }
    if layer.couplesGates {
      for unit in 0..<units { keeping[unit] = 1 - entering[unit] }
    }
    apply(1, units, content)
    for unit in 0..<units { cell[unit] = keeping[unit] * cell[unit] + entering[unit] * content[unit] }
    if let peepholes = work.peepholes {
      add(peepholes + units, times: cell, to: leaving)
      apply(0, units, leaving)
    }
    work.room.update(from: cell, count: units)
    apply(2, units, work.room)
    combine(pex_multiply, leaving, work.room, to: work.state)
  }

  private func add(
    _ factors: UnsafePointer<Float>, times cell: UnsafePointer<Float>, to gate: UnsafeMutablePointer<Float>
  ) {
    for unit in 0..<units { gate[unit] += factors[unit] * cell[unit] }
  }

  private func combine(
    _ operation: pex_binary, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    to output: UnsafeMutablePointer<Float>
  ) {
    isa.kernels.binary_row(operation, units, left, 1, right, 1, Activation.none.function, output)
  }

  /// A function of the cell, in place, the arguments of f and g limited first.
  private func apply(_ number: Int, _ count: Int, _ values: UnsafeMutablePointer<Float>) {
    if number < 2, layer.clip.isFinite, let limit = Activation(.clip(minimum: -layer.clip, maximum: layer.clip)) {
      isa.kernels.unary(limit.function, count, values, values)
    }
    let function = layer.functions[number]
    if let activation = function.unary.flatMap(Activation.init(_:)) {
      return isa.kernels.unary(activation.function, count, values, values)
    }
    // Functions that have no kernel are rare in cells.
    for index in 0..<count { values[index] = Float(Reference.function(function, Double(values[index]))) }
  }
}
