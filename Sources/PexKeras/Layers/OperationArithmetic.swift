import PexGraph
import PexTensor

/// Operators between tensors and numbers, and reductions, with NumPy's rules.
enum OperationArithmetic {
  static func combine(
    _ left: OperationCall.Operand, _ right: OperationCall.Operand, _ kind: Binary.Kind, _ builder: GraphBuilder
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

  /// A tensor and numbers, in one order of axes.
  private static func matched(
    _ feature: Feature, _ numbers: [Float], _ shape: [Int], _ builder: GraphBuilder
  ) throws -> (ValueID, ValueID, Feature.Order) {
    if numbers.count == 1, let number = numbers.first {
      return (feature.value, try builder.scalar(Double(number)), feature.order)
    }
    let value = try builder.natural(feature)
    let rank = builder.type(value).rank
    let aligned = shape.count == rank && shape.first == 1 ? Array(shape.dropFirst()) : shape
    guard aligned.count < rank else { throw PexError(.unsupported, "numbers with an axis for the batch") }
    let constant = try builder.constant("numbers") { try Tensor(aligned, numbers) }
    return (value, constant, .natural)
  }

  /// A reduction along axes of the tensor.
  static func reduce(_ feature: Feature, _ kind: Reduce.Kind, _ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let feature = try builder.unflattened(feature)
    let rank = call.context.extents(feature).count
    guard let given = try call.integers("axis", "reduction_indices", at: 1) else {
      throw PexError(.unsupported, "a reduction over the batch")
    }
    let axes = try Set(given.map { try call.context.axis($0, of: rank) })
    guard !axes.contains(0) else { throw PexError(.unsupported, "a reduction over the batch") }
    let keepsAxes = call.flag("keepdims", "keep_dims", default: false)
    let stored = axes.map { Feature.stored($0, rank: rank, feature.order) }.sorted()
    let keepsChannels = feature.order == .channelsFirst && !axes.contains(rank - 1)
    let order: Feature.Order =
      feature.order == .channelsFirst && (keepsAxes || keepsChannels && rank - axes.count >= 3)
      ? .channelsFirst : .natural
    if keepsChannels, axes.count == rank - 2, kind == .mean || kind == .maximum {
      // Over the whole map: what exits know as the global pool.
      let pooling = GlobalPooling(kind: kind == .mean ? .average : .maximum)
      let pooled = try builder.emit(.globalPooling(pooling), [feature.value])
      return keepsAxes
        ? Feature(pooled, .channelsFirst) : Feature(try builder.reshape(pooled, [builder.type(pooled).perSample[1]]))
    }
    return Feature(
      try builder.emit(.reduce(Reduce(kind, axes: stored, keepsAxes: keepsAxes)), [feature.value]), order)
  }

  /// The mean square of what differs from the mean.
  static func variance(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let value = try builder.natural(call.input())
    let rank = builder.type(value).rank
    guard let given = try call.integers("axis", at: 1) else {
      throw PexError(.unsupported, "a reduction over the batch")
    }
    let axes = try given.map { try call.context.axis($0, of: rank) }.sorted()
    guard !axes.contains(0) else { throw PexError(.unsupported, "a reduction over the batch") }
    let mean = try builder.emit(.reduce(Reduce(.mean, axes: axes, keepsAxes: true)), [value])
    let centred = try builder.emit(.binary(Binary(.subtract)), [value, mean])
    let square = try builder.emit(.binary(Binary(.multiply)), [centred, centred])
    let keepsAxes = call.flag("keepdims", default: false)
    return Feature(try builder.emit(.reduce(Reduce(.mean, axes: axes, keepsAxes: keepsAxes)), [square]))
  }
}
