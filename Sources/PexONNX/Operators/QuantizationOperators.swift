import PexGraph
import PexTensor

/// Quantisation with known scales. The network runs in f32: quantised values are whole numbers in f32, limited as their
/// type is, so that results are those of the quantised network; stored weights are widened on import.
enum QuantizationOperators {
  static let rows = [
    OperatorRow(
      op: "QuantizeLinear", since: 10,
      limit: "to i8, u8, i16 and u16; scales known beforehand; no blocks", function: quantize),
    OperatorRow(op: "DequantizeLinear", since: 10, limit: "scales known beforehand; no blocks", function: dequantize),
  ]

  /// `saturate(round(x / scale) + zero point)`, halves rounded to even.
  private static func quantize(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("saturate")
    node.ignore("precision")
    let x = try builder.float(node.input(0, "x"))
    let rank = builder.type(x).rank
    let axis = try axis(node, rank)
    let (scale, zero) = try settings(node, builder, axis: axis, rank: rank)
    let limits = try limits(node, zero: 2)
    let divided = try builder.emit(.binary(Binary(.divide)), [x, scale], for: node.node, suffix: ".divided")
    var result = try builder.emit(.unary(Unary(.round)), [divided], for: node.node, suffix: ".rounded")
    if let zero {
      result = try builder.emit(.binary(Binary(.add)), [result, zero], for: node.node, suffix: ".shifted")
    }
    let clip = Unary.Kind.clip(minimum: Double(limits.lowerBound), maximum: Double(limits.upperBound))
    return [.computed(try builder.emit(.unary(Unary(clip)), [result], for: node.node))]
  }

  /// `(x - zero point) * scale`.
  private static func dequantize(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "x")
    let rank = try Reshaping.dimensions(of: value, builder).count
    let axis = try axis(node, rank)
    let (scale, zero) = try settings(node, builder, axis: axis, rank: rank)
    if let stored = try stored(value) {
      guard let scales = builder.constant(scale), zero == nil || zero.flatMap(builder.constant) != nil else {
        throw PexError(.unsupported, "input 1 (x_scale) must be known beforehand")
      }
      let name = node.node.outputs.first ?? ""
      return [.constant(name: name, try widened(stored, scales, zero.flatMap(builder.constant), axis: axis))]
    }
    var result = try builder.float(value)
    if let zero {
      result = try builder.emit(.binary(Binary(.subtract)), [result, zero], for: node.node, suffix: ".shifted")
    }
    return [.computed(try builder.emit(.binary(Binary(.multiply)), [result, scale], for: node.node))]
  }

  /// Integers of the source model as f32; nil when the value is computed.
  static func stored(_ value: ImportedValue) throws -> Tensor? {
    switch value {
    case .computed: return nil
    case .constant(_, let tensor): return try tensor.asFloat32()
    case .integers(let known):
      guard let tensor = known.tensor else { throw PexError(.unsupported, "input 0 (x) depends on the batch") }
      return tensor
    }
  }

  private static func widened(_ x: Tensor, _ scales: Tensor, _ zeros: Tensor?, axis: Int) throws -> Tensor {
    let (factors, shifts) = (scales.floats, zeros?.floats)
    guard shifts?.count ?? factors.count == factors.count,
      factors.count == 1 || x.shape.rank > axis && x.shape[axis] == factors.count
    else {
      throw PexError(
        .malformed,
        "\(factors.count) scales and \(shifts?.count ?? 0) zero points do not fit axis \(axis) of \(x.shape)")
    }
    let run = x.shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    let numbers = x.floats.enumerated().map { index, value in
      let channel = factors.count == 1 ? 0 : index / run % factors.count
      return (value - (shifts?[channel] ?? 0)) * factors[channel]
    }
    return try Tensor(x.shape.dimensions, numbers)
  }

  private static func axis(_ node: NodeReader, _ rank: Int) throws -> Int {
    guard try node.integer("block_size", default: 0) == 0 else {
      throw PexError(.unsupported, "attribute 'block_size': a scale for each block is not supported")
    }
    let axis = try node.integer("axis", default: 1)
    // The default axis may lie outside of what one scale for everything belongs to.
    return axis >= -rank && axis < rank ? try node.axis(axis, rank: rank) : 0
  }

  /// Scale and zero point as factors along the axis: one number, or one for each position.
  private static func settings(
    _ node: NodeReader, _ builder: GraphBuilder, axis: Int, rank: Int
  ) throws -> (scale: ValueID, zero: ValueID?) {
    func spread(_ index: Int, _ label: String) throws -> ValueID? {
      guard let numbers = try node.optionalNumbers(index, label, builder) else { return nil }
      var extents: [Int] = []
      if numbers.count > 1 {
        extents = Array(repeating: 1, count: rank)
        guard rank > axis else { throw PexError(.malformed, "input \(index) (\(label)): \(numbers.count) numbers") }
        extents[axis] = numbers.count
      }
      return try builder.addConstant(node.node.inputs[index], suffix: ".f32.\(axis).\(rank)") {
        try Tensor(extents, numbers.map { Float($0) })
      }
    }
    guard let scale = try spread(1, "scale") else { throw PexError(.malformed, "input 1 (scale) is missing") }
    let zero = try spread(2, "zero_point")
    let isNothing = zero.flatMap(builder.constant).map { $0.floats.allSatisfy { $0 == 0 } } ?? true
    return (scale, isNothing ? nil : zero)
  }

  /// What the quantised type holds, which its zero point or `output_dtype` tells; u8 when neither does.
  /// - Parameter zero: where the zero point stands among the inputs.
  static func limits(_ node: NodeReader, zero: Int) throws -> ClosedRange<Int> {
    let code = try node.integer("output_dtype", default: 0)
    if code != 0 {
      let type = try ElementType(code: code)
      guard let limits = limits(of: type) else {
        throw PexError(.unsupported, "attribute 'output_dtype': quantisation to \(type) is not supported")
      }
      return limits
    }
    let type: ElementType
    switch node.optionalInput(zero) {
    case nil: return 0...255
    case .integers(let known): type = known.sourceType ?? ElementType(known.dtype)
    case .constant(_, let tensor): type = ElementType(tensor.dtype)
    case .computed: throw PexError(.unsupported, "input \(zero) (zero_point) must be known beforehand")
    }
    guard let limits = limits(of: type) else {
      throw PexError(.unsupported, "input \(zero) (zero_point): quantisation to \(type) is not supported")
    }
    return limits
  }

  /// What a type of few bits holds; nil for others.
  private static func limits(of type: ElementType) -> ClosedRange<Int>? {
    switch type {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .float, .int32, .int64, .string, .bool, .float16, .double, .uint32, .uint64, .bfloat16: nil
    }
  }
}
