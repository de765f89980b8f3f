import CPexKernels
import PexGraph
import PexTensor

/// A function of every element alone.
struct UnaryStep: StepKernel {
  private let operation: pex_unary
  private let settings: (Float, Float)
  private let count: Int
  private let isa: InstructionSet
  private static let chunk = 4096

  /// The step, or nil when there is no kernel for the function.
  init?(_ kind: Unary.Kind, count: Int, _ isa: InstructionSet) {
    self.count = count
    self.isa = isa
    switch kind {
    case .relu, .clip:
      let bounds = Bounds.of(kind) ?? .none
      (operation, settings) = (pex_clamp, (bounds.minimum, bounds.maximum))
    case .sigmoid: (operation, settings) = (pex_sigmoid, (0, 0))
    case .hardSigmoid(let alpha, let beta): (operation, settings) = (pex_hard_sigmoid, (Float(alpha), Float(beta)))
    case .hardSwish: (operation, settings) = (pex_hard_swish, (0, 0))
    case .leakyRelu(let alpha): (operation, settings) = (pex_leaky_relu, (Float(alpha), 0))
    case .exponential: (operation, settings) = (pex_exponential, (0, 0))
    case .absolute: (operation, settings) = (pex_absolute, (0, 0))
    case .negative: (operation, settings) = (pex_negative, (0, 0))
    case .squareRoot: (operation, settings) = (pex_square_root, (0, 0))
    case .elu, .tanh, .logarithm: return nil
    }
  }

  func run(_ context: StepContext) throws {
    context.workers.each(divideUp(count, Self.chunk), cost: Self.chunk) { index, _ in
      let start = index * Self.chunk
      isa.kernels.unary(
        operation, settings.0, settings.1, min(Self.chunk, count - start), context.inputs[0] + start,
        context.outputs[0] + start)
    }
  }
}

/// A function of two elements with broadcasting: row by row, a row being the longest run along which each operand
/// either advances or repeats one element.
struct BinaryStep: StepKernel {
  private let operation: pex_binary
  private let bounds: Bounds
  private let isa: InstructionSet
  /// Extents of the rows' axes, and strides of both operands along them.
  private var extents: [Int] = []
  private var strides: (left: [Int], right: [Int]) = ([], [])
  private var count = 1
  private var steps = (left: 0, right: 0)
  /// Long rows are cut so that threads can share them.
  private var pieces = 1
  private static let chunk = 4096

  /// The step, or nil when there is no kernel for the function.
  /// - Parameters:
  ///   - left: extents of the left operand.
  ///   - right: extents of the right operand; the two can be broadcast together.
  init?(_ kind: Binary.Kind, left: [Int], right: [Int], bounds: Bounds, _ isa: InstructionSet) {
    switch kind {
    case .add: operation = pex_add
    case .subtract: operation = pex_subtract
    case .multiply: operation = pex_multiply
    case .divide: operation = pex_divide
    case .minimum: operation = pex_minimum
    case .maximum: operation = pex_maximum
    case .power: return nil
    }
    self.bounds = bounds
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
        steps.right, bounds.minimum, bounds.maximum, context.outputs[0] + row * count + start)
    }
  }
}
