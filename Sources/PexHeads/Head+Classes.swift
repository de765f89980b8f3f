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
      classes: classes.count, hidden: specification.kind == .conv ? specification.hidden : nil)
    let weight = try parameter("weight").withFloats { rows in
      classes.flatMap { rows[$0 * width..<($0 + 1) * width] }
    }
    let bias = try parameter("bias").withFloats { bias in classes.map { bias[$0] } }
    let readout = [try Tensor([classes.count, width], weight), try Tensor([classes.count], bias)]
    return try Head(limited, parameters: parameters.dropLast(2) + readout, temperature: temperature)
  }
}
