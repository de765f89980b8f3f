import CPexKernels
import PexGraph
import PexTensor

/// A function of every element alone, in any layout.
struct UnaryStep: StepKernel {
  let activation: Activation
  let count: Int
  let isa: InstructionSet

  var title: String { "elementwise" }
  var overwrites: Int? { 0 }

  func run(_ context: StepContext) throws {
    context.workers.ranges(count, cost: 1) { range, _ in
      isa.kernels.unary(
        activation.function, range.count, context.inputs[0] + range.lowerBound,
        context.outputs[0] + range.lowerBound)
    }
  }
}

extension pex_binary {
  /// The function as the kernels know it, or nil when they do not.
  init?(_ kind: Binary.Kind) {
    switch kind {
    case .add: self = pex_add
    case .subtract: self = pex_subtract
    case .multiply: self = pex_multiply
    case .divide: self = pex_divide
    case .minimum: self = pex_minimum
    case .maximum: self = pex_maximum
    case .power, .parametricRelu, .less, .equal, .lessOrEqual: return nil
    }
  }
}

/// A function of two blocked maps, of which one may be a number for each channel.
struct BinaryBlocksStep: StepKernel {
  let operation: pex_binary
  /// Blocks of all samples, and pixels.
  let blocks: Int, pixels: Int
  /// Pixels of each operand: as many as the result's, or 1.
  let left: Int, right: Int
  let activation: Activation
  let isa: InstructionSet

  var title: String { "elementwise" }
  var overwrites: Int? { left == pixels ? 0 : nil }

  func run(_ context: StepContext) throws {
    context.workers.parts(blocks: blocks, rows: pixels, cost: isa.lanes / 4) { range, part, _ in
      for block in range {
        let (a, b) = (left == 1 ? 0 : part.lowerBound, right == 1 ? 0 : part.lowerBound)
        isa.kernels.binary_pixels(
          operation, part.count, context.inputs[0] + (block * left + a) * isa.lanes, left == 1 ? 0 : 1,
          context.inputs[1] + (block * right + b) * isa.lanes, right == 1 ? 0 : 1, activation.function,
          context.outputs[0] + (block * pixels + part.lowerBound) * isa.lanes)
      }
    }
  }
}

/// A function of two plain values with broadcasting: row by row, a row being the longest run along which each operand
/// either advances or repeats one element.
struct BinaryStep: StepKernel {
  private let operation: pex_binary
  private let activation: Activation
  private let isa: InstructionSet
  /// Extents of the rows' axes, and strides of both operands along them.
  private var extents: [Int] = []
  private var strides: (left: [Int], right: [Int]) = ([], [])
  private var count = 1
  private var steps = (left: 0, right: 0)
  /// Long rows are cut so that threads can share them.
  private var pieces = 1
  private static let chunk = 4096

  var title: String { "elementwise" }

  /// The step, or nil when there is no kernel for the function.
  /// - Parameters:
  ///   - left: extents of the left operand.
  ///   - right: extents of the right operand; the two can be broadcast together.
  init?(_ kind: Binary.Kind, left: [Int], right: [Int], activation: Activation, _ isa: InstructionSet) {
    guard let operation = pex_binary(kind) else { return nil }
    self.operation = operation
    self.activation = activation
    self.isa = isa
    arrange(left, right)
  }

  /// Joins neighbouring axes along which both operands behave alike; the last such run is the row.
  private mutating func arrange(_ left: [Int], _ right: [Int]) {
    let rank = max(left.count, right.count)
    let a = [Int](repeating: 1, count: rank - left.count) + left
    let b = [Int](repeating: 1, count: rank - right.count) + right
    var runs: [(extent: Int, left: Bool, right: Bool)] = []
    for axis in 0..<rank where max(a[axis], b[axis]) > 1 {
      let run = (extent: max(a[axis], b[axis]), left: a[axis] > 1, right: b[axis] > 1)
      if let last = runs.last, last.left == run.left, last.right == run.right {
        runs[runs.count - 1].extent *= run.extent
      } else {
        runs.append(run)
      }
    }
    var sizes = (left: 1, right: 1)
    if let row = runs.popLast() {
      count = row.extent
      steps = (row.left ? 1 : 0, row.right ? 1 : 0)
      sizes = (row.left ? count : 1, row.right ? count : 1)
    }
    for run in runs.reversed() {
      extents.insert(run.extent, at: 0)
      strides.left.insert(run.left ? sizes.left : 0, at: 0)
      strides.right.insert(run.right ? sizes.right : 0, at: 0)
      if run.left { sizes.left *= run.extent }
      if run.right { sizes.right *= run.extent }
    }
    pieces = divideUp(count, Self.chunk)
  }

  func run(_ context: StepContext) throws {
    let rows = extents.reduce(1, *)
    context.workers.each(rows * pieces, cost: min(count, Self.chunk)) { index, _ in
      let (row, start) = (index / pieces, index % pieces * Self.chunk)
      var (rest, left, right) = (row, start * steps.left, start * steps.right)
      for axis in extents.indices.reversed() {
        let place = rest % extents[axis]
        rest /= extents[axis]
        left += place * strides.left[axis]
        right += place * strides.right[axis]
      }
      isa.kernels.binary_row(
        operation, min(Self.chunk, count - start), context.inputs[0] + left, steps.left, context.inputs[1] + right,
        steps.right, activation.function, context.outputs[0] + row * count + start)
    }
  }
}
