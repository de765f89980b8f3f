import CPexKernels
import PexGraph
import PexTensor

/// A recurrent layer with known weights. What the input gives is one product over all steps of the sequence; what the
/// state gives is a product at every step, into the same gates. Plain.
struct RecurrentStep: StepKernel {
  let layer: Recurrent
  let samples: Int, steps: Int, depth: Int, units: Int
  /// The weights of input and state, and the biases of both.
  let weight: ValueID, recurrent: ValueID, bias: ValueID
  /// For each optional input, where it stands among those of a run, and whether there is one for each sample.
  let extras: [Recurrent.Extras: Extra]
  let isa: InstructionSet

  /// An input of a run.
  struct Extra {
    let place: Int
    let hasRows: Bool
  }

  /// Products of one step that are worth more than one thread.
  private static let worthSharing = 1 << 19
  /// Steps that go through one panel of weights before the next.
  private static let run = 64

  var title: String { "recurrent" }

  var packedConstants: [ValueID] { [weight, recurrent, bias] }

  var rows: Int { layer.cell.gates * units }

  /// The gates that read the state as it is. The last one of a GRU is computed when the reset gate is known.
  var earlyRows: Int { layer.cell == .gru ? 2 * units : rows }
  private var lateRows: Int { rows - earlyRows }

  private func panels(_ rows: Int) -> Int { divideUp(rows, isa.kernels.linear_rows) }
  private func padded(_ rows: Int) -> Int { panels(rows) * isa.kernels.linear_rows }

  /// Where the packed numbers lie: weights of the input and their shifts, weights of the state for early and late gates,
  /// the shifts of these, and zeros for those.
  private var places: (shifts: Int, early: Int, late: Int, lateShifts: Int, zeros: Int) {
    let shifts = saturatingProduct(padded(rows), depth)
    let early = shifts + padded(rows)
    let late = early + saturatingProduct(padded(earlyRows), units)
    let lateShifts = late + saturatingProduct(padded(lateRows), units)
    return (shifts, early, late, lateShifts, lateShifts + padded(lateRows))
  }

  var packedFloats: Int { places.zeros + padded(earlyRows) }

  var arrangement: String {
    "\(layer.cell.rawValue) \(rows) \(depth) \(units) \(isa.kernels.linear_rows) \(layer.resetsAfter)"
  }

  /// The input's share of every step, the gates of one step, and room for what a cell works with.
  var scratchFloats: Int { saturatingProduct(steps, rows) + rows + 2 * units }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    let places = places
    (packed + places.shifts).update(repeating: 0, count: padded(rows))
    (packed + places.lateShifts).update(repeating: 0, count: packedFloats - places.lateShifts)
    try source.with(weight, count: rows * depth) {
      isa.kernels.pack_rows(rows, depth, 0, panels(rows), $0, packed)
    }
    try source.with(recurrent, count: rows * units) {
      isa.kernels.pack_rows(earlyRows, units, 0, panels(earlyRows), $0, packed + places.early)
      if lateRows > 0 {
        isa.kernels.pack_rows(lateRows, units, 0, panels(lateRows), $0 + earlyRows * units, packed + places.late)
      }
    }
    try source.with(bias, count: 2 * rows) { bias in
      for row in 0..<rows {
        // What is added to the product with the state belongs to it where the reset gate comes behind.
        let isApart = layer.resetsAfter && row >= earlyRows
        packed[places.shifts + row] = bias[row] + (isApart ? 0 : bias[rows + row])
        if isApart { packed[places.lateShifts + row - earlyRows] = bias[rows + row] }
      }
    }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let scratch = context.workers.scratch.base
    for sample in 0..<samples {
      let count = length(sample, context)
      project(context.inputs[0] + sample * steps * depth, count, packed, to: scratch, context.workers)
      let states = context.outputs[0] + sample * steps * units
      let state = start(.state, sample, context, at: context.outputs[1])
      let cell = layer.cell == .lstm ? start(.cell, sample, context, at: context.outputs[2]) : nil
      let work = RecurrentWork(
        state: state, cell: cell, gates: scratch + steps * rows, room: scratch + (steps + 1) * rows,
        peepholes: layer.extras.contains(.peepholes) ? extras[.peepholes].map { context.inputs[$0.place] } : nil)
      for number in 0..<count {
        let step = layer.isReversed ? count - 1 - number : number
        advance(work, shares: scratch + step * rows, packed, context.workers)
        (states + step * units).update(from: state, count: units)
      }
      (states + count * units).update(repeating: 0, count: (steps - count) * units)
    }
  }

  private func length(_ sample: Int, _ context: StepContext) -> Int {
    guard let extra = extras[.lengths] else { return steps }
    return Recurrent.steps(of: context.inputs[extra.place][extra.hasRows ? sample : 0], among: steps)
  }

  /// The place of a sample's state or cell, filled with what it starts with.
  private func start(
    _ kind: Recurrent.Extras, _ sample: Int, _ context: StepContext, at base: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    let place = base + sample * units
    if let extra = extras[kind] {
      place.update(from: context.inputs[extra.place] + (extra.hasRows ? sample * units : 0), count: units)
    } else {
      place.update(repeating: 0, count: units)
    }
    return place
  }

  /// The input's share of the gates at all steps.
  private func project(
    _ input: UnsafePointer<Float>, _ count: Int, _ packed: UnsafePointer<Float>, to shares: UnsafeMutablePointer<Float>,
    _ workers: Workers
  ) {
    let (panels, runs) = (panels(rows), divideUp(count, Self.run))
    let cost = saturatingProduct(saturatingProduct(depth, isa.kernels.linear_rows) / 4, min(count, Self.run))
    let shifts = packed + places.shifts
    workers.each(runs * panels, cost: cost) { index, _ in
      let (run, panel) = (index / panels, index % panels)
      for step in run * Self.run..<min((run + 1) * Self.run, count) {
        isa.kernels.linear(
          rows, depth, panel, panel + 1, input + step * depth, packed, shifts, nil, Activation.none.function,
          shares + step * rows)
      }
    }
  }

  /// What early gates are given: the product with the state, the input's share added.
  func early(
    _ state: UnsafePointer<Float>, _ shares: UnsafePointer<Float>, _ packed: UnsafePointer<Float>,
    _ gates: UnsafeMutablePointer<Float>, _ workers: Workers
  ) {
    let places = places
    product(earlyRows, state, packed + places.early, packed + places.zeros, shares, gates, workers)
  }

  /// The product of a GRU's last gate with `state`, its own shift and `shares` added.
  func late(
    _ state: UnsafePointer<Float>, _ shares: UnsafePointer<Float>?, _ packed: UnsafePointer<Float>,
    _ gate: UnsafeMutablePointer<Float>, _ workers: Workers
  ) {
    let places = places
    product(lateRows, state, packed + places.late, packed + places.lateShifts, shares, gate, workers)
  }

  private func product(
    _ rows: Int, _ state: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, _ shifts: UnsafePointer<Float>,
    _ shares: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>, _ workers: Workers
  ) {
    let panels = panels(rows)
    func compute(_ range: Range<Int>) {
      isa.kernels.linear(
        rows, units, range.lowerBound, range.upperBound, state, packed, shifts, shares, Activation.none.function,
        output)
    }
    guard saturatingProduct(rows, units) >= Self.worthSharing else { return compute(0..<panels) }
    workers.ranges(panels, cost: saturatingProduct(units, isa.kernels.linear_rows) / 4) { range, _ in compute(range) }
  }
}

/// What a cell reads and writes at every step of a sample.
struct RecurrentWork {
  /// The state, and an LSTM's cell.
  let state: UnsafeMutablePointer<Float>
  let cell: UnsafeMutablePointer<Float>?
  /// The gates of one step, and twice as many numbers as there are units.
  let gates: UnsafeMutablePointer<Float>
  let room: UnsafeMutablePointer<Float>
  let peepholes: UnsafePointer<Float>?
}
