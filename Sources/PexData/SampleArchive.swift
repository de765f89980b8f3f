import PexTensor

/// The checked contents of an .npz archive of samples.
struct SampleArchive {
  /// `[N, C, H, W]`, `[N, H, W, C]` or `[N, extents…]`, as the format says; every number is finite, N is at least 1.
  let x: Tensor
  /// N classes, each within the class count if there is one; all nil without `y`.
  let labels: [Int?]

  /// Reads and checks `x` and, if it is there, `y`; other arrays are left alone.
  /// - Throws: ``PexError`` naming the file, the array, and the first sample that is unsound.
  init(path: String, format: SampleFormat, classCount: Int?, ignoresLabels: Bool) throws {
    let arrays = try Npz.read(path: path, names: ignoresLabels ? ["x"] : ["x", "y"])
    guard let x = arrays["x"] else { throw PexError(.malformed, "\(path): the archive holds no array 'x'") }
    let labels = arrays["y"]
    (self.x, self.labels) = try naming(path) {
      try Self.check(x, format)
      return (x, try labels.map { try Self.labels($0, count: x.shape[0], classCount) } ?? Self.none(x.shape[0]))
    }
  }

  private static func none(_ count: Int) -> [Int?] { Array(repeating: nil, count: count) }

  private static func check(_ x: Tensor, _ format: SampleFormat) throws {
    let extents = format.sampleExtents
    guard x.shape.rank == extents.count + 1, Array(x.shape.dimensions.dropFirst()) == extents, x.shape[0] > 0 else {
      let expected = extents.map(String.init).joined(separator: ",")
      throw PexError(.malformed, "array 'x': expected shape [N,\(expected)] with N of at least 1, found \(x.shape)")
    }
    guard x.dtype.isFloat || x.dtype == .uint8 else {
      throw PexError(
        .malformed, "array 'x': expected floating-point or u8 numbers, found \(x.dtype.name)",
        hint: "say with numpy what they are: x.astype('u1') for levels 0…255, x.astype('f4') for numbers as they are")
    }
    if let place = x.firstUnsound {
      let sample = place / (x.count / x.shape[0])
      throw PexError(.malformed, "array 'x': sample \(sample) holds a number that is NaN or infinite as f32")
    }
  }

  /// Classes from whole numbers of any type, as a row or as a column.
  private static func labels(_ y: Tensor, count: Int, _ classCount: Int?) throws -> [Int] {
    guard y.shape.dimensions == [count] || y.shape.dimensions == [count, 1] else {
      let isOneHot = y.shape.rank == 2 && y.shape[0] == count
      throw PexError(
        .malformed, "array 'y': expected shape [\(count)] as 'x' has samples, found \(y.shape)",
        hint: isOneHot ? "a row a sample is no class: y.argmax(1) makes one of it" : nil)
    }
    guard y.dtype != .bool, let labels = y.integers ?? y.wholeNumbers else {
      throw PexError(
        .malformed, "array 'y': expected whole numbers, found \(y.dtype.isFloat ? "fractions" : y.dtype.name)",
        hint: "classes count from 0: y.astype('<i8')")
    }
    let classes = 0..<(classCount ?? Int(Int32.max))
    if let sample = labels.firstIndex(where: { !classes.contains($0) }) {
      throw PexError(
        .malformed,
        "array 'y': sample \(sample) has class \(labels[sample]), expected 0...\(classes.upperBound - 1)")
    }
    return labels
  }
}

extension Tensor {
  /// The elements of a floating-point tensor, when all of them are whole numbers.
  fileprivate var wholeNumbers: [Int]? {
    guard dtype.isFloat else { return nil }
    let numbers = floats.map { Int(exactly: $0) }
    return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
  }

  /// The index of the first element that is not finite when rounded to float32, without a copy of all.
  fileprivate var firstUnsound: Int? {
    withBytes { bytes in
      switch dtype {
      case .float32: bytes.bindMemory(to: Float.self).firstIndex { !$0.isFinite }
      case .float16: bytes.bindMemory(to: Float16.self).firstIndex { !$0.isFinite }
      case .float64: bytes.bindMemory(to: Double.self).firstIndex { !Float($0).isFinite }
      case .bfloat16: floats.firstIndex { !$0.isFinite }
      case .int8, .uint8, .int32, .int64, .bool: nil
      }
    }
  }
}
