import PexGraph
import PexTensor

/// Operators between tensors and numbers, with NumPy's rules.
enum OperationArithmetic {
  typealias Operand = OperationCall.Operand

  static func combine(
    _ left: Operand, _ right: Operand, _ kind: Binary.Kind, _ builder: GraphBuilder
  ) throws -> Feature {
    let numbers = try numbers([left, right], kind)
    var result = try combined(left, right, kind, builder)
    result.numbers = numbers
    return result
  }

  private static func combined(
    _ left: Operand, _ right: Operand, _ kind: Binary.Kind, _ builder: GraphBuilder
  ) throws -> Feature {
    switch (left, right) {
    case (.feature(let first), .feature(let second)):
      guard builder.extents(first).count == builder.extents(second).count else {
        throw PexError(
          .unsupported, "operands with other numbers of axes: NumPy would match the batch with another axis")
      }
      return try MergeLayers.combine([first, second], kind, builder)
    case (.feature(let feature), .numbers(let numbers, let shape)):
      let (value, constant, order) = try matched(feature, numbers, shape, builder)
      return Feature(try builder.emit(.binary(Binary(kind)), [value, constant]), order)
    case (.numbers(let numbers, let shape), .feature(let feature)):
      let (value, constant, order) = try matched(feature, numbers, shape, builder)
      return Feature(try builder.emit(.binary(Binary(kind)), [constant, value]), order)
    case (.numbers, .numbers): throw PexError(.malformed, "expected a tensor among the operands")
    }
  }

  /// What numbers come of operands: comparisons give truths; whole numbers become real beside real ones and when they are
  /// divided.
  /// - Throws: ``PexError`` (unsupported) when only whole numbers take part: a type of few bits would overflow.
  private static func numbers(_ operands: [Operand], _ kind: Binary.Kind) throws -> Numbers {
    switch kind {
    case .less, .lessOrEqual, .equal: return .truth
    case .divide: return .real
    case .add, .subtract, .multiply, .minimum, .maximum, .power, .parametricRelu: break
    }
    let isReal = operands.contains { operand in
      switch operand {
      case .feature(let feature): feature.numbers == .real
      case .numbers(let numbers, _): numbers.contains { $0 != $0.rounded() }
      }
    }
    guard isReal else {
      throw PexError(
        .unsupported, "arithmetic of whole numbers alone is not supported", hint: "cast them to float32 in front of it")
    }
    return .real
  }

  /// A comparison the other way round: 1 where it does not hold.
  static func inverted(_ truth: Feature, _ builder: GraphBuilder) throws -> Feature {
    let value = try builder.emit(.binary(Binary(.subtract)), [builder.scalar(1), truth.value])
    return Feature(value, truth.order, .truth)
  }

  /// A tensor and numbers, in one order of axes.
  private static func matched(
    _ feature: Feature, _ numbers: [Float], _ shape: [Int], _ builder: GraphBuilder
  ) throws -> (ValueID, ValueID, Feature.Order) {
    if numbers.count == 1, let number = numbers.first, shape.count <= builder.extents(feature).count {
      return (feature.value, try builder.scalar(Double(number)), feature.order)
    }
    let value = try builder.natural(feature)
    return (value, try constant(numbers, shape, rank: builder.type(value).rank, builder), .natural)
  }

  /// Numbers as a constant that a tensor of so many axes can be combined with.
  static func constant(
    _ numbers: [Float], _ shape: [Int], rank: Int, _ builder: GraphBuilder
  ) throws -> ValueID {
    if numbers.count == 1, let number = numbers.first { return try builder.scalar(Double(number)) }
    let aligned = shape.count == rank && shape.first == 1 ? Array(shape.dropFirst()) : shape
    guard aligned.count < rank else { throw PexError(.unsupported, "numbers with an axis for the batch") }
    return try builder.numbers(aligned, numbers)
  }

  /// One of two operands, by a condition (`where`).
  static func choose(_ call: OperationCall) throws -> Feature {
    guard let condition = try call.operand("condition", at: 0), let first = try call.operand("x", "x1", at: 1),
      let second = try call.operand("y", "x2", at: 2)
    else { throw PexError(.unsupported, "places where a condition holds, as it is called with the condition alone") }
    let builder = call.builder
    let operands = [condition, first, second]
    let features = operands.compactMap { if case .feature(let feature) = $0 { feature } else { nil } }
    guard let rank = features.map({ builder.extents($0).count }).max(),
      features.allSatisfy({ builder.extents($0).count == rank })
    else { throw PexError(.unsupported, "operands with other numbers of axes") }
    guard operands[1...].allSatisfy({ if case .feature(let feature) = $0 { feature.numbers == .real } else { true } })
    else { throw PexError(.unsupported, "a choice among whole numbers", hint: "cast them to float32 in front of it") }
    let areScalar = operands.allSatisfy { if case .numbers(let numbers, _) = $0 { numbers.count == 1 } else { true } }
    let (aligned, order) = try areScalar ? builder.aligned(features) : (features.map(builder.natural), .natural)
    var rest = aligned[...]
    let values = try operands.map { operand in
      switch operand {
      case .feature: return rest.removeFirst()
      case .numbers(let numbers, let shape): return try constant(numbers, shape, rank: rank, builder)
      }
    }
    return Feature(try builder.emit(.choice(Choice()), values), order)
  }

  /// A product of matrices, the last two axes of both.
  static func product(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let (left, right) = try call.sides()
    guard case .feature(let first) = left else { throw PexError(.unsupported, "a product with numbers on the left") }
    let turns = (
      call.flag("transpose_a", "adjoint_a", default: false), call.flag("transpose_b", "adjoint_b", default: false)
    )
    let a = try turned(builder.natural(first), turns.0, builder)
    switch right {
    case .feature(let second):
      let b = try turned(builder.natural(second), turns.1, builder)
      guard builder.type(a).rank == builder.type(b).rank, builder.type(a).rank >= 3 else {
        throw PexError(.unsupported, "a product over the batch, or of tensors with other numbers of axes")
      }
      return Feature(try builder.emit(.matrixProduct(MatrixProduct()), [a, b]))
    case .numbers(let numbers, let shape):
      guard shape.count == 2 else { throw PexError(.unsupported, "a product with numbers that are no matrix") }
      let matrix = try Tensor(shape, numbers)
      let isFlat = builder.type(a).rank == 2
      let turned = isFlat != turns.1 ? try matrix.transposedMatrix() : matrix
      let weight = try builder.numbers(turned.shape.dimensions, turned.floats)
      return Feature(
        try builder.emit(isFlat ? .linear(Linear()) : .matrixProduct(MatrixProduct()), [a, weight]))
    }
  }

  private static func turned(_ value: ValueID, _ turns: Bool, _ builder: GraphBuilder) throws -> ValueID {
    guard turns else { return value }
    let rank = builder.type(value).rank
    guard rank >= 3 else { throw PexError(.unsupported, "a matrix with the batch as an axis") }
    return try builder.transpose(value, Array(0..<rank - 2) + [rank - 1, rank - 2])
  }

  /// Numbers of another type: fractions are cut off, and what is not 0 is true.
  static func cast(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    var feature = try call.input()
    guard let type = call.value("dtype", at: 1), let target = Numbers(type: type) else {
      throw PexError(.unsupported, "a cast to a type that is not known")
    }
    switch (feature.numbers, target) {
    case (_, .real), (.truth, _): break
    case (.whole, .whole("int32")), (.whole, .whole("int64")): break
    case (.real, .whole("int32")), (.real, .whole("int64")):
      let size = try builder.apply(.floor, builder.apply(.absolute, feature))
      let sign = try builder.apply(.sign, feature)
      feature.value = try builder.emit(.binary(Binary(.multiply)), [sign.value, size.value])
    case (.real, .truth), (.whole, .truth):
      feature = try inverted(builder.combine(.equal, feature, 0), builder)
    case (_, .whole(let name)): throw ArgumentRules.refusal("dtype", name)
    }
    feature.numbers = target
    return feature
  }
}
