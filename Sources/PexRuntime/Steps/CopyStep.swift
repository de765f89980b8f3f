import PexGraph
import PexTensor

/// Plain values joined along one axis.
struct ConcatStep: StepKernel {
  /// How often every input gives a run.
  private let outer: Int
  /// Elements that each input gives at a time, where they go in a row of the output, and such a row's elements.
  private let runs: [Int], starts: [Int], total: Int

  init(outer: Int, runs: [Int]) {
    self.outer = outer
    self.runs = runs
    starts = runs.indices.map { runs[..<$0].reduce(0, +) }
    total = runs.reduce(0, +)
  }

  var title: String { "copy" }

  func run(_ context: StepContext) throws {
    let (outputs, inputs) = (context.outputs, context.inputs)
    context.workers.each(outer * runs.count, cost: total / runs.count / 4) { index, _ in
      let (row, part) = (index / runs.count, index % runs.count)
      (outputs[0] + row * total + starts[part]).update(from: inputs[part] + row * runs[part], count: runs[part])
    }
  }
}

/// Elements of a plain value chosen axis by axis, row by row of the last axis.
struct SelectionStep: StepKernel {
  /// Where along every axis but the last each output position reads, in elements from the axis's start.
  private let offsets: [[Int]]
  /// The same of the last axis, and whether these are neighbours.
  private let row: [Int], isRun: Bool

  /// - Parameters:
  ///   - sources: for every axis, the input's position that each output position takes.
  ///   - strides: elements between the input's neighbours along each axis.
  init(sources: [[Int]], strides: [Int]) {
    var offsets = zip(sources, strides).map { list, stride in list.map { $0 * stride } }
    row = offsets.popLast() ?? [0]
    isRun = zip(row, row.dropFirst()).allSatisfy { $0 + 1 == $1 }
    self.offsets = offsets
  }

  var title: String { "copy" }

  func run(_ context: StepContext) throws {
    let (input, output, count) = (context.inputs[0], context.outputs[0], row.count)
    context.workers.each(offsets.reduce(1) { $0 * $1.count }, cost: count) { index, _ in
      var (rest, from) = (index, 0)
      for list in offsets.reversed() {
        from += list[rest % list.count]
        rest /= list.count
      }
      let target = output + index * count
      guard !isRun else { return target.update(from: input + from + (row.first ?? 0), count: count) }
      for (place, offset) in row.enumerated() { target[place] = input[from + offset] }
    }
  }
}

/// Elements moved to other places: transposition, and padding with one number.
struct StridedCopyStep: StepKernel {
  /// Extents of what is copied.
  let extents: [Int]
  /// Elements between neighbours along each of those axes.
  let inputStrides: [Int], outputStrides: [Int]
  /// Where the first copied element goes.
  let outputStart: Int
  /// What the rest of the output is, and the output's size; nil when all of it is copied to.
  let filling: (value: Float, count: Int)?

  var title: String { "copy" }

  func run(_ context: StepContext) throws {
    let (input, output) = (context.inputs[0], context.outputs[0] + outputStart)
    if let filling { context.outputs[0].update(repeating: filling.value, count: filling.count) }
    let count = extents.last ?? 1
    let (inputStep, outputStep) = (inputStrides.last ?? 1, outputStrides.last ?? 1)
    context.workers.each(extents.dropLast().reduce(1, *), cost: count) { row, _ in
      var (rest, from, to) = (row, 0, 0)
      for axis in extents.indices.dropLast().reversed() {
        let place = rest % extents[axis]
        rest /= extents[axis]
        from += place * inputStrides[axis]
        to += place * outputStrides[axis]
      }
      for _ in 0..<count {
        output[to] = input[from]
        from += inputStep
        to += outputStep
      }
    }
  }
}
