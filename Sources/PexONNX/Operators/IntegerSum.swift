import PexGraph
import PexTensor

/// Sums of products of two quantised factors, zero points taken off, exact in f32.
///
/// A factor of 8 bits without its zero point is at most 255 in magnitude. Where a sum of such products might exceed what
/// f32 counts to, the stored factor is taken apart into digits, whose sums cannot, and the sums are put together.
struct IntegerSum {
  private let node: NodeReader
  private let builder: GraphBuilder
  /// The largest factor, and where f32 stops counting.
  private static let (largest, limit) = (255.0, Double(1 << 24))

  init(_ node: NodeReader, _ builder: GraphBuilder) throws { (self.node, self.builder) = (node, builder) }

  private var name: String { node.node.outputs.first ?? node.node.name }

  /// A convolution with a stored weight.
  /// - Parameters: where the factors, their zero points and the bias stand among the node's inputs.
  func convolution(x: Int, xZero: Int, weight: Int, weightZero: Int, bias: Int?, suffix: String?) throws -> ValueID {
    let input = try factor(x, zero: xZero, "x")
    guard let stored = try stored(weight), stored.shape.rank >= 3 else {
      throw PexError(.unsupported, "input \(weight) (w): expected stored weights [M,C,kernel…]")
    }
    let shape = stored.shape.dimensions
    let shifts = try shifts(weightZero, count: shape[0], "w_zero_point")
    let run = shape.dropFirst().reduce(1, *)
    let whole = stored.floats.enumerated().map { $1 - shifts[$0 / run] }
    let kernel = try node.optionalIntegers("kernel_shape") ?? Array(shape.dropFirst(2))
    guard kernel == Array(shape.dropFirst(2)) else {
      throw PexError(.malformed, "attribute 'kernel_shape': expected \(shape.dropFirst(2)), found \(kernel)")
    }
    let operation = Operation.integerConvolution(
      IntegerConvolution(
        Convolution(window: try node.window(kernel: kernel), groups: try node.integer("group", default: 1))))
    let digits = try Digits(whole) { values in
      stride(from: 0, to: values.count, by: max(run, 1)).map { start in
        values[start..<start + run].reduce(0) { $0 + Double(abs($1)) }
      }
    }
    let addend = try bias.flatMap { try self.bias($0, channels: shape[0], rank: shape.count) }
    return try joined(digits, suffix: suffix) { values, digit, suffix in
      let id = try builder.addConstant(node.node.inputs[weight], suffix: ".whole.\(shifts.count)\(digit.tag)") {
        try Tensor(shape, values)
      }
      guard digit.isLast, let addend else {
        return try builder.emit(operation, [input, id], for: node.node, suffix: suffix)
      }
      // While the sum is exact: it is rounded once, as an integer is that becomes a float.
      let products = try builder.emit(operation, [input, id], for: node.node, suffix: ".products")
      return try builder.emit(.binary(Binary(.add)), [products, addend], for: node.node, suffix: suffix)
    }
  }

  /// A matrix product. A right factor that is computed is left to the interpreter, which counts in double.
  func product(a: Int, aZero: Int, b: Int, bZero: Int, suffix: String?) throws -> ValueID {
    let left = try factor(a, zero: aZero, "A", isLeft: true)
    let operation = Operation.matrixProduct(MatrixProduct())
    guard let stored = try stored(b) else {
      return try builder.emit(operation, [left, factor(b, zero: bZero, "B")], for: node.node, suffix: suffix)
    }
    let shape = stored.shape.dimensions
    guard shape.count >= 2, builder.type(left).rank >= 2, let columns = shape.last, let depth = shape.dropLast().last
    else {
      throw PexError(.unsupported, "expected matrices, found \(builder.type(left)) and \(stored.shape)")
    }
    let shifts = try shifts(bZero, count: columns, "b_zero_point")
    let whole = stored.floats.enumerated().map { $1 - shifts[$0 % max(columns, 1)] }
    let digits = try Digits(whole) { values in
      var sums = [Double](repeating: 0, count: values.count / max(depth, 1))
      for (index, value) in values.enumerated() {
        sums[index / max(depth * columns, 1) * columns + index % columns] += Double(abs(value))
      }
      return sums
    }
    return try joined(digits, suffix: suffix) { values, digit, suffix in
      let id = try builder.addConstant(node.node.inputs[b], suffix: ".whole.\(shifts.count)\(digit.tag)") {
        try Tensor(shape, values)
      }
      return try builder.emit(operation, [left, id], for: node.node, suffix: suffix)
    }
  }

  // MARK: Factors

  /// A factor without its zero point.
  /// - Parameter isLeft: whether several zero points belong to the rows of a matrix.
  private func factor(_ index: Int, zero: Int, _ label: String, isLeft: Bool = false) throws -> ValueID {
    let value = try node.input(index, label)
    let x: ValueID
    if let stored = try stored(index) {
      x = try builder.addConstant(node.node.inputs[index], suffix: ".whole") { stored }
    } else {
      x = try builder.float(value)
    }
    guard let shift = node.optionalInput(zero) else { return x }
    let suffix = ".\(label).shifted"
    if case .computed(let id) = shift {
      return try builder.emit(.binary(Binary(.subtract)), [x, id], for: node.node, suffix: suffix)
    }
    let numbers = try node.optionalNumbers(zero, "zero point", builder) ?? []
    if numbers.allSatisfy({ $0 == 0 }) { return x }
    let rank = builder.type(x).rank
    guard numbers.count == 1 || isLeft && rank >= 2 && builder.type(x).perSample[rank - 2] == numbers.count else {
      throw PexError(.malformed, "input \(zero) (zero point): \(numbers.count) numbers do not fit \(builder.type(x))")
    }
    let constant = try builder.addConstant(node.node.inputs[zero], suffix: ".f32.\(numbers.count)") {
      try Tensor(numbers.count == 1 ? [] : [numbers.count, 1], numbers.map { Float($0) })
    }
    return try builder.emit(.binary(Binary(.subtract)), [x, constant], for: node.node, suffix: suffix)
  }

  /// Integers of the source model as f32; nil when the value is computed.
  private func stored(_ index: Int) throws -> Tensor? {
    try QuantizationOperators.stored(node.input(index, "a factor"))
  }

  /// A zero point for each of `count` places: as many as the file has, or its one for all.
  private func shifts(_ index: Int, count: Int, _ label: String) throws -> [Float] {
    let numbers = try node.optionalNumbers(index, label, builder) ?? [0]
    guard numbers.count == 1 || numbers.count == count else {
      throw PexError(.malformed, "input \(index) (\(label)): expected 1 or \(count) numbers, found \(numbers.count)")
    }
    return numbers.count == 1 ? Array(repeating: Float(numbers[0]), count: count) : numbers.map { Float($0) }
  }

  // MARK: Sums

  /// What is added to every channel of a convolution; nil when it is left out.
  private func bias(_ index: Int, channels: Int, rank: Int) throws -> ValueID? {
    guard let numbers = try node.optionalNumbers(index, "B", builder) else { return nil }
    guard numbers.count == channels else {
      throw PexError(.malformed, "input \(index) (B): expected \(channels) numbers, found \(numbers.count)")
    }
    let extents = [1, channels] + Array(repeating: 1, count: rank - 2)
    return try builder.addConstant(node.node.inputs[index], suffix: ".f32.\(rank)") {
      try Tensor(extents, numbers.map { Float($0) })
    }
  }

  /// The sum of the digits' sums, each times its digit's worth.
  private func joined(
    _ digits: Digits, suffix: String?,
    _ sum: (_ values: [Float], _ digit: (tag: String, isLast: Bool), _ suffix: String?) throws -> ValueID
  ) throws -> ValueID {
    guard digits.parts.count > 1, let first = digits.parts.first else {
      return try sum(digits.parts.first ?? [], ("", true), suffix)
    }
    let base = try builder.addConstant(name, suffix: ".base") { try Tensor([], [Float(digits.base)]) }
    var result = try sum(first, (".digit0", false), ".digit0")
    for (index, part) in digits.parts.enumerated().dropFirst() {
      let isLast = index == digits.parts.count - 1
      let high = try builder.emit(.binary(Binary(.multiply)), [result, base], for: node.node, suffix: ".high\(index)")
      let low = try sum(part, (".digit\(index)", isLast), ".digit\(index)")
      result = try builder.emit(
        .binary(Binary(.add)), [high, low], for: node.node, suffix: isLast ? suffix : ".sum\(index)")
    }
    return result
  }

  /// Whole numbers as few digits as keep the sums small, the highest digit first.
  private struct Digits {
    let base: Int
    let parts: [[Float]]

    /// - Parameter sums: for each sum that is made of the numbers, the sum of their magnitudes.
    init(_ numbers: [Float], _ sums: ([Float]) -> [Double]) throws {
      for base in [512, 16, 8, 4, 2] {
        let parts = Self.parts(numbers, base)
        if parts.allSatisfy({ (sums($0).max() ?? 0) * IntegerSum.largest < IntegerSum.limit }) {
          (self.base, self.parts) = (base, parts)
          return
        }
      }
      throw PexError(.unsupported, "its sums have too many terms to be exact")
    }

    private static func parts(_ numbers: [Float], _ base: Int) -> [[Float]] {
      guard base < 512 else { return [numbers] }
      var (parts, rest): ([[Float]], [Float]) = ([], numbers)
      let base = Float(base)
      // The highest digit has the sign; all others are positive.
      while rest.contains(where: { $0 < -base || $0 >= base }) {
        let high = rest.map { ($0 / base).rounded(.down) }
        parts.append(zip(rest, high).map { $0 - $1 * base })
        rest = high
      }
      return [rest] + parts.reversed()
    }
  }
}
