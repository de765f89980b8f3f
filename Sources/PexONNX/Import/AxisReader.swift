import PexTensor

extension NodeReader {
  /// Takes the axes that were an attribute at first and became an input later; nil when there are none.
  /// - Parameters:
  ///   - inputSince: the operator set from which they are an input.
  ///   - rank: the number of axes that they count; negative ones count from the back.
  /// - Returns: the axes from the front, ascending, each once.
  func optionalAxes(inputSince: Int, input index: Int = 1, rank: Int) throws -> [Int]? {
    let axes = opset < inputSince ? try optionalIntegers("axes") : try optionalIntegers(index, "axes")
    guard let axes else { return nil }
    let normal = try axes.map { try axis($0, rank: rank, "axes") }
    guard Set(normal).count == normal.count else { throw PexError(.malformed, "axes \(axes): one occurs twice") }
    return normal.sorted()
  }

  /// An axis counted from the front.
  /// - Throws: ``PexError`` (malformed) when there is no such axis.
  func axis(_ axis: Int, rank: Int, _ label: String = "axis") throws -> Int {
    guard axis >= -rank, axis < rank else {
      throw PexError(.malformed, "\(label): there is no axis \(axis) among \(rank)")
    }
    return axis < 0 ? axis + rank : axis
  }
}
