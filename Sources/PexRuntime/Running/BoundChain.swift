import PexTensor

/// A chain with every pointer that it needs: looked up once, so that a steady run allocates nothing.
struct BoundChain {
  private let kernels: [any StripKernel]
  private let packed: [UnsafePointer<Float>]
  private let schedule: StripSchedule
  private let workers: Workers
  private let input: UnsafePointer<Float>
  private let output: UnsafeMutablePointer<Float>
  private let residual: UnsafePointer<Float>?
  /// Where the rows that each step keeps begin in a thread's scratch, and where the kernels' own scratch does.
  private let places: [Int]
  /// Pixels from one block to the next: of the input, of the rows that each step keeps, of the output.
  private let planes: [Int]

  /// A chain of the steps that work with `contexts`.
  /// - Throws: ``PexError`` (defect) when there are none, or their weights are not packed.
  init(_ chain: StripChain, _ contexts: [StepContext], _ workers: Workers) throws {
    guard let first = contexts.first, let last = contexts.last, let input = first.inputs.first,
      let output = last.outputs.first, let start = chain.kernels.first?.window, let end = chain.kernels.last?.window
    else { throw PexError(.defect, "a chain without steps") }
    kernels = chain.kernels
    packed = try contexts.map { try $0.weights() }
    schedule = StripSchedule(chain, parts: min(workers.pool.threads, end.out_height))
    self.workers = workers
    self.input = input
    self.output = output
    residual = last.inputs.count > 1 ? last.inputs[1] : nil
    places = chain.places
    let kept = zip(chain.capacities, chain.kernels).map { $0 * $1.window.out_width }
    planes = [start.in_height * start.in_width] + kept + [end.out_height * end.out_width]
  }

  /// Computes the chain's result.
  func run() {
    workers.each(schedule.parts.count, cost: Int.max) { part, scratch in
      for task in schedule.parts[part] { run(task, scratch) }
    }
  }

  /// The same.
  /// - Returns: nanoseconds of each step. They add up to what the whole took, on however many threads.
  func timedRun() -> [Int] {
    let start = ContinuousClock.now
    var spent = [Int](repeating: 0, count: kernels.count * schedule.parts.count)
    spent.withUnsafeMutableBufferPointer { spent in
      // Each part has places of its own.
      nonisolated(unsafe) let spent = spent
      workers.each(schedule.parts.count, cost: Int.max) { part, scratch in
        for task in schedule.parts[part] {
          let start = ContinuousClock.now
          run(task, scratch)
          spent[part * kernels.count + task.step] += (ContinuousClock.now - start).nanoseconds
        }
      }
    }
    let whole = (ContinuousClock.now - start).nanoseconds
    let steps = kernels.indices.map { step in
      stride(from: step, to: spent.count, by: kernels.count).reduce(0) { $0 + spent[$1] }
    }
    let sum = Double(max(steps.reduce(0, +), 1))
    return steps.map { Int(Double(whole) * Double($0) / sum) }
  }

  private func run(_ task: StripSchedule.Task, _ scratch: UnsafeMutablePointer<Float>) {
    let (step, isLast) = (task.step, task.step == kernels.count - 1)
    let kernel = kernels[step]
    let line = kernel.window.out_width
    let lanes = kernel.lanes
    let place: UnsafeMutablePointer<Float>
    if isLast {
      place = output + task.rows.lowerBound * line * lanes
    } else {
      let kept = scratch + places[step]
      if task.kept.lowerBound > 0 { move(task.kept, of: kernel, in: kept, plane: planes[step + 1]) }
      place = kept + task.kept.count * line * lanes
    }
    kernel.run(
      Strip(
        rows: task.rows, inputRows: task.inputRows,
        input: step == 0 ? input : UnsafePointer(scratch + places[step - 1]), inputPlane: planes[step],
        output: place, outputPlane: planes[step + 1],
        residual: isLast ? residual.map { $0 + task.rows.lowerBound * line * lanes } : nil),
      packed: packed[step], scratch: scratch + (places.last ?? 0))
  }

  /// Moves rows to the front of their place, in every block.
  private func move(_ rows: Range<Int>, of kernel: any StripKernel, in place: UnsafeMutablePointer<Float>, plane: Int) {
    let line = kernel.window.out_width * kernel.lanes
    for block in 0..<kernel.blocks {
      let start = place + block * plane * kernel.lanes
      start.update(from: start + rows.lowerBound * line, count: rows.count * line)
    }
  }
}
