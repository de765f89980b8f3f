import PexTensor

extension Head {
  /// The same head with its answers limited to some classes, in the given order: row `i` of the result is class
  /// `classes[i]` of this one. Logits of the classes that stay are the same bytes.
  ///
  /// - Throws: ``PexError`` (malformed) when `classes` is empty or names one twice or one that the head lacks.
  public func limited(to classes: [Int]) throws -> Head {
    guard !classes.isEmpty, Set(classes).count == classes.count,
      classes.allSatisfy((0..<specification.classes).contains)
    else {
      throw PexError(.malformed, "classes \(classes) are not distinct classes of a head of \(specification.classes)")
    }
    let width = specification.featureCount
    let limited = try HeadSpecification(
      kind: specification.kind, channels: specification.channels, spatial: specification.spatial,
      classes: classes.count, hidden: specification.kind == .conv ? specification.hidden : nil,
      earlier: specification.earlier, branch: specification.branch?.layers ?? [])
    let tensors = try zip(limited.parameters, parameters).map { parameter, tensor in
      // The convolution reads no classes; every other tensor has one row, or one number, a class.
      guard !parameter.name.hasPrefix("conv.") else { return tensor }
      let length = parameter.dimensions.count == 1 ? 1 : width
      return try tensor.withFloats { rows in
        try Tensor(parameter.dimensions, classes.flatMap { rows[$0 * length..<($0 + 1) * length] })
      }
    }
    return try Head(limited, parameters: tensors, temperature: temperature, branches: branches)
  }
}
