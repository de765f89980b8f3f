import PexGraph
import PexTensor

/// What `Reshape`, `Flatten`, `Squeeze` and `Unsqueeze` have in common.
enum Reshaping {
  /// The extents of a value.
  static func dimensions(of value: ImportedValue, _ builder: GraphBuilder) throws -> [Dimension] {
    switch value {
    case .computed(let id): builder.type(id).dimensions
    case .constant(_, let tensor): tensor.shape.dimensions.map(Dimension.fixed)
    case .integers(let known): known.extents.map(Dimension.fixed)
    }
  }

  /// The value under other extents: known numbers stay known.
  static func reshape(
    _ value: ImportedValue, _ dimensions: [Dimension], _ node: NodeReader, _ builder: GraphBuilder,
    suffix: String? = nil
  ) throws -> ImportedValue {
    if case .computed(let x) = value {
      // Of one channel a reshaping moves the axis as a transposition does.
      if suffix == nil, let input = builder.channelsFirst(x), builder.type(input).dimensions == dimensions,
        builder.type(input).perSample[1] == 1
      {
        return .computed(try builder.emit(.identity(Identity()), [input], for: node.node))
      }
      return .computed(try builder.emit(.reshape(Reshape(dimensions)), [x], for: node.node, suffix: suffix))
    }
    let extents = try dimensions.map { dimension in
      guard case .fixed(let extent) = dimension else {
        throw PexError(.unsupported, "stored numbers cannot be spread over the batch")
      }
      return extent
    }
    switch value {
    case .integers(let known): return .integers(try KnownIntegers(known.elements, extents: extents))
    case .constant(_, let tensor):
      return .constant(name: (node.node.outputs.first ?? "") + (suffix ?? ""), try tensor.reshaped(extents))
    case .computed: throw PexError(.defect, "a computed value has known numbers")
    }
  }

  /// The product of extents, of which at most the first is the batch.
  /// - Throws: ``PexError`` (unsupported) when the batch would be multiplied with other extents.
  static func product(_ dimensions: ArraySlice<Dimension>) throws -> Dimension {
    let count = try Shape(dimensions.map(\.perSample)).count
    guard dimensions.contains(.batch) else { return .fixed(count) }
    guard count == 1 else { throw PexError(.unsupported, "it merges the batch with other extents") }
    return .batch
  }

  /// The extents that the target of a `Reshape` means.
  /// - Parameters:
  ///   - target: extents, 0 for the input's one at that place, -1 for what remains.
  ///   - input: the extents of what is reshaped.
  ///   - keepsZeros: whether 0 means 0 (`allowzero`, opset 14).
  ///   - fileBatch: what stands for the batch in a file that fixes it.
  static func resolve(
    _ target: [Dimension], from input: [Dimension], keepsZeros: Bool, fileBatch: Int?
  ) throws -> [Dimension] {
    var result = try target.enumerated().map { axis, extent in
      guard extent == 0, !keepsZeros else { return extent }
      guard axis < input.count else {
        throw PexError(.malformed, "shape \(target): 0 at \(axis) stands for an extent that \(input) does not have")
      }
      return input[axis]
    }
    let open = result.indices.filter { result[$0] == -1 }
    guard open.count <= 1, result.allSatisfy({ $0 == .batch || $0.perSample >= -1 }) else {
      throw PexError(.malformed, "shape \(target): expected extents with at most one -1")
    }
    let total = try Shape(input.map(\.perSample)).count
    let known = try Shape(result.filter { $0 != -1 }.map(\.perSample)).count
    if input.first == .batch, let first = result.first, first != .batch, !result.contains(.batch) {
      // The batch's place holds -1, or the number that the file has for it.
      if first == -1, known == total { result[0] = .batch }
      if let fileBatch, first == .fixed(fileBatch) {
        result[0] = .batch
        return try resolve(result, from: input, keepsZeros: true, fileBatch: nil)
      }
    }
    if let axis = result.firstIndex(of: -1) {
      guard known > 0, total % known == 0 else {
        throw PexError(.malformed, "shape \(target): the \(total) elements of \(input) cannot be divided by \(known)")
      }
      result[axis] = .fixed(total / known)
    }
    return result
  }
}
