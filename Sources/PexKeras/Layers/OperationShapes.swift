import PexGraph
import PexTensor

/// Functions that only move elements.
enum OperationShapes {
  static let functions: [String: FunctionRow] = [
    "concatenate": concatenate, "concat": concatenate,
    "reshape": moving(reshape),
    "transpose": FunctionRow(numbers: .kept, inert: ["conjugate"]) { call in
      let feature = try call.input()
      guard let order = try call.integers("axes", "perm", at: 1) else {
        throw PexError(.unsupported, "argument '\(call.name("axes", "perm"))': moves the batch")
      }
      return [try ShapeLayers.permute(feature, order, call.name("axes", "perm"), call.context)]
    },
    "moveaxis": moving(moveAxes), "swapaxes": moving(swapAxes),
    "expanddims": moving(expand), "squeeze": moving(squeeze), "flatten": moving(flatten),
    "pad": moving(OperationSlices.pad), "padv2": moving(OperationSlices.pad),
    "getitem": moving(OperationSlices.item),
    "split": FunctionRow(numbers: .kept) { try OperationSlices.split($0) },
    "unstack": FunctionRow(numbers: .kept) { try OperationSlices.unstack($0) },
    "stack": moving(stack), "tile": moving(OperationSlices.tile),
    "flip": moving(OperationSlices.flip), "reverse": moving(OperationSlices.flip),
    "take": moving(OperationSlices.take),
    "gather": FunctionRow(numbers: .kept, fixed: ["batch_dims": .number(0)]) { [try OperationSlices.take($0)] },
  ]

  private static func moving(_ apply: @escaping @Sendable (OperationCall) throws -> Feature) -> FunctionRow {
    FunctionRow(numbers: .kept) { [try apply($0)] }
  }

  private static let concatenate = moving { call in
    guard let axis = try call.integers("axis", at: 1)?.first else { throw PexError(.malformed, "expected an axis") }
    return try MergeLayers.concatenate(call.tensors(), axis: axis, call.context)
  }

  private static func reshape(_ call: OperationCall) throws -> Feature {
    guard let wanted = try call.integers("newshape", "shape", at: 1), let batch = wanted.first else {
      throw PexError(.malformed, "expected a shape")
    }
    let feature = try call.input()
    let rest = Array(wanted.dropFirst())
    // -1 stands for the batch, or for what is left when the batch is given.
    guard batch == -1 || rest.contains(-1) else {
      throw PexError(.unsupported, "argument '\(call.name("newshape", "shape"))': fixes the batch")
    }
    return try ShapeLayers.reshape(feature, rest, call.context)
  }

  private static func moveAxes(_ call: OperationCall) throws -> Feature {
    let feature = try call.input()
    let rank = call.builder.extents(feature).count
    guard let source = try call.integers("source", at: 1), let target = try call.integers("destination", at: 2),
      source.count == target.count
    else { throw PexError(.malformed, "expected axes, and where they go") }
    let (from, to) = (
      try source.map { try call.context.axis($0, of: rank) }, try target.map { try call.context.axis($0, of: rank) }
    )
    guard Set(from).count == from.count, Set(to).count == to.count else {
      throw PexError(.malformed, "an axis is named twice")
    }
    var order = (0..<rank).filter { !from.contains($0) }
    for (place, axis) in zip(to, from).sorted(by: { $0.0 < $1.0 }) { order.insert(axis, at: place) }
    return try ShapeLayers.permute(feature, order, "source' and 'destination", call.context)
  }

  private static func swapAxes(_ call: OperationCall) throws -> Feature {
    let feature = try call.input()
    let rank = call.builder.extents(feature).count
    guard let first = try call.integers("axis1", at: 1)?.first, let second = try call.integers("axis2", at: 2)?.first
    else {
      throw PexError(.malformed, "expected two axes")
    }
    var order = Array(0..<rank)
    order.swapAt(try call.context.axis(first, of: rank), try call.context.axis(second, of: rank))
    return try ShapeLayers.permute(feature, order, "axis1' and 'axis2", call.context)
  }

  private static func expand(_ call: OperationCall) throws -> Feature {
    let feature = try call.input()
    let extents = call.context.extents(feature)
    guard let axis = try call.integers("axis", at: 1), axis.count == 1 else {
      throw PexError(.malformed, "expected one 'axis'")
    }
    let place = try call.context.axis(axis[0], of: extents.count + 1)
    guard place > 0 else { throw PexError(.unsupported, "argument 'axis': an axis in front of the batch") }
    var wanted = extents
    wanted.insert(1, at: place)
    return try ShapeLayers.reshape(feature, Array(wanted.dropFirst()), call.context)
  }

  private static func squeeze(_ call: OperationCall) throws -> Feature {
    let feature = try call.input()
    let extents = call.context.extents(feature)
    let axes = try call.integers("axis", "squeeze_dims", at: 1)?.map { try call.context.axis($0, of: extents.count) }
    guard axes?.allSatisfy({ $0 > 0 && extents[$0] == 1 }) ?? true else {
      throw PexError(.malformed, "setting 'axis': only axes of one element can be left out, and never the batch")
    }
    let kept = extents.indices.filter { $0 == 0 || !(axes?.contains($0) ?? (extents[$0] == 1)) }
    return try ShapeLayers.reshape(feature, kept.dropFirst().map { extents[$0] }, call.context)
  }

  private static func flatten(_ call: OperationCall) throws -> Feature {
    guard try call.isChannelsLast() else { throw ArgumentRules.refusal("data_format", "channels_first") }
    return try ShapeLayers.reshape(call.input(), [-1], call.context)
  }

  private static func stack(_ call: OperationCall) throws -> Feature {
    let features = try call.tensors()
    guard let first = features.first else { throw PexError(.malformed, "expected tensors to stack") }
    let extents = call.context.extents(first)
    let axis = try call.context.axis(try call.integers("axis")?.first ?? 0, of: extents.count + 1)
    guard axis > 0 else { throw PexError(.unsupported, "argument 'axis': a stack in front of the batch") }
    var wanted = extents
    wanted.insert(1, at: axis)
    let parts = try features.map { try call.builder.reshape(call.builder.natural($0), Array(wanted.dropFirst())) }
    return Feature(try call.builder.emit(.concat(Concat(axis: axis)), parts))
  }
}
