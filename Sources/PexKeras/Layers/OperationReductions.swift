import Foundation
import PexGraph
import PexTensor

/// Functions that put one number in place of whole axes, and those that divide by such a number.
enum OperationReductions {
  /// A reduction along axes of the tensor.
  static func reduce(_ feature: Feature, _ kind: Reduce.Kind, _ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let feature = try builder.unflattened(feature)
    let rank = call.context.extents(feature).count
    let axes = try self.axes(call, rank)
    let keepsAxes = keepsAxes(call)
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

  /// The axes that a call reduces, of which none is the batch.
  private static func axes(_ call: OperationCall, _ rank: Int) throws -> Set<Int> {
    guard let given = try call.integers("axis", "reduction_indices", at: 1) else {
      throw PexError(.unsupported, "argument 'axis': a reduction over the batch")
    }
    let axes = try Set(given.map { try call.context.axis($0, of: rank) })
    guard !axes.contains(0), !axes.isEmpty else {
      throw PexError(.unsupported, "argument 'axis': a reduction over the batch")
    }
    return axes
  }

  private static func keepsAxes(_ call: OperationCall) -> Bool {
    call.flag("keepdims", "keep_dims", default: false)
  }

  /// The mean square of what differs from the mean.
  static func variance(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let value = try builder.natural(call.input())
    let axes = try axes(call, builder.type(value).rank).sorted()
    let mean = try builder.emit(.reduce(Reduce(.mean, axes: axes, keepsAxes: true)), [value])
    let centred = try builder.emit(.binary(Binary(.subtract)), [value, mean])
    let square = try builder.emit(.binary(Binary(.multiply)), [centred, centred])
    return Feature(try builder.emit(.reduce(Reduce(.mean, axes: axes, keepsAxes: keepsAxes(call))), [square]))
  }

  /// The size of vectors, or of matrices as the root of the sum of squares.
  static func norm(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let value = try builder.natural(call.input())
    let axes = try axes(call, builder.type(value).rank).sorted()
    let order = call.value("ord")
    guard axes.count <= 2 else { throw PexError(.malformed, "setting 'axis': expected one or two axes") }
    let words = axes.count == 1 ? ["euclidean"] : ["euclidean", "fro"]
    let isRoot = order.map { $0.text.map(words.contains) ?? ($0.number == 2 && axes.count == 1) } ?? true
    let kind: Reduce.Kind
    switch order?.number {
    case _ where isRoot: kind = .norm
    case 1? where axes.count == 1: kind = .sum
    case Double.infinity? where axes.count == 1: kind = .maximum
    default: throw ArgumentRules.refusal("ord", order.map(\.description) ?? "null")
    }
    let sizes = isRoot ? value : try builder.emit(.unary(Unary(.absolute)), [value])
    return Feature(try builder.emit(.reduce(Reduce(kind, axes: axes, keepsAxes: keepsAxes(call))), [sizes]))
  }

  /// Vectors of length 1, as TensorFlow bounds what it divides by: the sum of squares.
  static func unit(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let value = try builder.natural(call.input())
    let rank = builder.type(value).rank
    guard let given = try call.integers("axis", "dim", at: 1) else {
      throw PexError(.unsupported, "argument 'axis': a normalisation over the batch")
    }
    let axes = try given.map { try call.context.axis($0, of: rank) }
    guard !axes.contains(0) else { throw PexError(.unsupported, "argument 'axis': a normalisation over the batch") }
    let epsilon = try call.number("epsilon", default: 1e-12)
    return Feature(try NormalizationLayers.unit(value, axes: axes, epsilon: epsilon, builder))
  }

  /// Vectors of length 1, as Keras 3 bounds what it divides by: the length itself.
  static func normalize(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let value = try builder.natural(call.input())
    let axes = try (call.integers("axis") ?? [-1]).map { try call.context.axis($0, of: builder.type(value).rank) }
    let order = try call.number("order", default: 2)
    let epsilon = try call.number("epsilon", default: 1e-7)
    guard !axes.contains(0) else { throw PexError(.unsupported, "argument 'axis': a normalisation over the batch") }
    guard order == 1 || order == 2 else { throw ArgumentRules.refusal("order", "\(order)") }
    guard axes.count == 1 || order == 2 else { throw ArgumentRules.refusal("axis", "\(axes)") }
    let sizes = order == 2 ? value : try builder.emit(.unary(Unary(.absolute)), [value])
    let norm = try builder.emit(
      .reduce(Reduce(order == 2 ? .norm : .sum, axes: axes.sorted(), keepsAxes: true)), [sizes])
    let bounded = try builder.emit(.binary(Binary(.maximum)), [norm, builder.scalar(epsilon)])
    return Feature(try builder.emit(.binary(Binary(.divide)), [value, bounded]))
  }
}
