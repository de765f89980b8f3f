import PexGraph
import PexTensor

/// Products of quantised numbers, as onnxruntime's dynamic and static quantisation writes them. Whole numbers in f32
/// stand for integers; sums are exact, so results are those of integer arithmetic.
enum IntegerOperators {
  static let rows = [
    OperatorRow(op: "DynamicQuantizeLinear", since: 11, function: dynamicQuantize),
    OperatorRow(op: "ConvInteger", since: 10, limit: "weights known beforehand", function: convolution),
    OperatorRow(op: "MatMulInteger", since: 10, limit: "matrices, not lists", function: product),
    OperatorRow(
      op: "QLinearConv", since: 10, limit: "weights, scales and zero points known beforehand",
      function: linearConvolution),
    OperatorRow(
      op: "QLinearMatMul", since: 10, limit: "matrices, not lists; scales and zero points known beforehand",
      function: linearProduct),
  ]

  // MARK: Operators

  /// To u8, with the scale and zero point that the numbers themselves need: 0 is a quantised number.
  private static func dynamicQuantize(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "x"))
    let type = builder.type(x)
    if type.hasBatch {
      if let batch = builder.fileBatch, batch != 1 {
        throw PexError(.unsupported, "its range is that of all \(batch) samples together")
      }
      if builder.fileBatch == nil {
        builder.warn(
          "DynamicQuantizeLinear takes the range of each sample, as the file's network does for a batch of one")
      }
    }
    func step(_ operation: Operation, _ inputs: [ValueID], _ suffix: String) throws -> ValueID {
      try builder.emit(operation, inputs, for: node.node, suffix: suffix)
    }
    func clip(_ minimum: Double, _ maximum: Double) -> Operation {
      .unary(Unary(.clip(minimum: minimum, maximum: maximum)))
    }
    func number(_ value: Float) throws -> ValueID {
      try builder.addConstant(node.node.outputs.first ?? node.node.name, suffix: ".\(value)") {
        try Tensor([], [value])
      }
    }
    func extreme(_ kind: Reduce.Kind) throws -> ValueID {
      let axes = Array((type.hasBatch ? 1 : 0)..<type.rank)
      guard !axes.isEmpty else { return x }
      return try step(.reduce(Reduce(kind, axes: axes, keepsAxes: type.hasBatch)), [x], ".\(kind.rawValue)")
    }
    let least = try step(clip(-.infinity, 0), [extreme(.minimum)], ".least")
    let most = try step(clip(0, .infinity), [extreme(.maximum)], ".most")
    let range = try step(.binary(Binary(.subtract)), [most, least], ".range")
    let share = try step(.binary(Binary(.divide)), [range, number(255)], ".share")
    let isZero = try step(.binary(Binary(.equal)), [share, number(0)], ".none")
    let scale = try builder.emit(.choice(Choice()), [isZero, number(1), share], for: node.node, output: 1)
    let shift = try step(.binary(Binary(.divide)), [least, scale], ".shift")
    let limited = try step(clip(0, 255), [step(.unary(Unary(.negative)), [shift], ".back")], ".limited")
    let zero = try builder.emit(.unary(Unary(.round)), [limited], for: node.node, output: 2)
    let divided = try step(.binary(Binary(.divide)), [x, scale], ".divided")
    let shifted = try step(
      .binary(Binary(.add)), [step(.unary(Unary(.round)), [divided], ".rounded"), zero], ".shifted")
    let y = try builder.emit(clip(0, 255), [shifted], for: node.node, output: 0)
    return [.computed(y), .computed(scale), .computed(zero)]
  }

  private static func convolution(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let sum = try IntegerSum(node, builder)
    return [.computed(try sum.convolution(x: 0, xZero: 2, weight: 1, weightZero: 3, bias: nil, suffix: nil))]
  }

  private static func product(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let sum = try IntegerSum(node, builder)
    return [.computed(try sum.product(a: 0, aZero: 2, b: 1, bZero: 3, suffix: nil))]
  }

  private static func linearConvolution(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let sum = try IntegerSum(node, builder)
    let result = try sum.convolution(x: 0, xZero: 2, weight: 3, weightZero: 5, bias: 8, suffix: ".sum")
    return [try requantized(result, axis: 1, scales: (1, 4, 6), zero: 7, node, builder)]
  }

  private static func linearProduct(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let sum = try IntegerSum(node, builder)
    let result = try sum.product(a: 0, aZero: 2, b: 3, bZero: 5, suffix: ".sum")
    return [
      try requantized(
        result, axis: builder.type(result).rank - 1, scales: (1, 4, 6), zero: 7, node, builder)
    ]
  }

  // MARK: Back to few bits

  /// `saturate(round(sum * (left scale * right scale / result scale)) + zero point)`, in f32 as onnxruntime does it.
  /// - Parameter axis: of the result, along which the right factor has scales.
  private static func requantized(
    _ sum: ValueID, axis: Int, scales: (left: Int, right: Int, result: Int), zero: Int, _ node: NodeReader,
    _ builder: GraphBuilder
  ) throws -> ImportedValue {
    func one(_ index: Int, _ label: String) throws -> Float {
      let numbers = try node.optionalNumbers(index, label, builder) ?? []
      guard numbers.count == 1, let number = numbers.first else {
        throw PexError(.unsupported, "input \(index) (\(label)): expected one number, found \(numbers.count)")
      }
      return Float(number)
    }
    let (left, result) = (try one(scales.left, "left scale"), try one(scales.result, "result scale"))
    let right = try node.optionalNumbers(scales.right, "right scale", builder) ?? []
    let type = builder.type(sum)
    guard right.count == 1 || right.count == type.perSample[axis] else {
      throw PexError(
        .malformed, "input \(scales.right) (scale): expected 1 or \(type.perSample[axis]) numbers, found \(right.count)"
      )
    }
    var extents = type.dimensions.map { _ in 1 }
    extents[axis] = right.count
    let output = node.node.outputs.first ?? node.node.name
    let factor = try builder.addConstant(output, suffix: ".factor") {
      try Tensor(right.count == 1 ? [] : extents, right.map { left * Float($0) / result })
    }
    let scaled = try builder.emit(.binary(Binary(.multiply)), [sum, factor], for: node.node, suffix: ".scaled")
    var rounded = try builder.emit(.unary(Unary(.round)), [scaled], for: node.node, suffix: ".rounded")
    let shift = try one(zero, "zero point")
    if shift != 0 {
      let constant = try builder.addConstant(output, suffix: ".zero") { try Tensor([], [shift]) }
      rounded = try builder.emit(.binary(Binary(.add)), [rounded, constant], for: node.node, suffix: ".shifted")
    }
    let limits = try QuantizationOperators.limits(node, zero: zero)
    let clip = Unary.Kind.clip(minimum: Double(limits.lowerBound), maximum: Double(limits.upperBound))
    return .computed(try builder.emit(.unary(Unary(clip)), [rounded], for: node.node))
  }
}
