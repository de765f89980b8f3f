/// The header of a .npy file: what its numbers are, and how they lie.
package struct NpyHeader: Sendable {
  /// The bytes that every .npy file starts with.
  package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The magic, the version and the longer form of the text's length.
  package static let longestPreamble = 12
  private static let longestText = 65536
  private static let highestRank = 32

  /// The type of the numbers in the file.
  package let element: NpyElement
  /// Whether the bytes of a number lie the other way round, most significant first.
  package let isBigEndian: Bool
  /// Whether the first axis varies fastest.
  package let isFortranOrder: Bool
  /// The extents, as the array had them.
  package let shape: Shape
  /// The bytes that the numbers take in the file.
  package let byteCount: Int

  /// Where the header's text starts, and where the numbers do, in a file that starts with `start` (12 bytes, fewer
  /// only if the file is shorter).
  /// - Throws: ``PexError`` (malformed) when this is no .npy file of a known format, or its header is over-long.
  package static func preambleLength(of start: Slice<UnsafeRawBufferPointer>) throws -> (text: Int, total: Int) {
    let bytes = Array(start)
    guard bytes.starts(with: magic), bytes.count >= longestPreamble else {
      throw PexError(.malformed, "not a .npy file")
    }
    let length: Int
    let text: Int
    switch (bytes[6], bytes[7]) {
    case (1, 0):
      text = 10
      length = Int(bytes[8]) | Int(bytes[9]) << 8
    case (2, 0), (3, 0):
      text = 12
      length = Int(bytes[8]) | Int(bytes[9]) << 8 | Int(bytes[10]) << 16 | Int(bytes[11]) << 24
    case (let major, let minor):
      throw PexError(.malformed, "expected .npy format 1.0, 2.0 or 3.0, found \(major).\(minor)")
    }
    guard length <= longestText else {
      throw PexError(.malformed, "the .npy header takes \(length) bytes, at most \(longestText) are allowed")
    }
    return (text, text + length)
  }

  /// Parses the header's text: one Python dictionary with the keys `descr`, `fortran_order` and `shape`.
  /// - Throws: ``PexError`` (malformed) when it is anything else, or describes numbers that no tensor can hold.
  package init(text: Slice<UnsafeRawBufferPointer>) throws {
    var parser = NpyHeaderParser(text)
    let fields = try parser.dictionary()
    guard let (match, isBigEndian) = NpyElement.named(fields.descr) else {
      let isText = fields.descr.dropFirst().first.map("US".contains) == true
      throw PexError(
        .malformed, "numbers of type '\(fields.descr)' are not supported",
        hint: isText
          ? "give numbers for words with numpy: words, array = numpy.unique(array, return_inverse=True)"
          : "convert with numpy: array.astype('<f4')")
    }
    self.isBigEndian = isBigEndian
    guard fields.shape.count <= Self.highestRank else {
      throw PexError(.malformed, "an array of \(fields.shape.count) axes, at most \(Self.highestRank) are allowed")
    }
    element = match
    isFortranOrder = fields.isFortranOrder
    shape = try Shape(fields.shape)
    // An empty array may claim any other extents; their product must still be a number.
    _ = try Shape(fields.shape.map { max($0, 1) })
    let (bytes, overflow) = shape.count.multipliedReportingOverflow(by: match.byteCount)
    guard !overflow else { throw PexError(.malformed, "shape \(shape) has too many bytes") }
    byteCount = bytes
  }

  /// The array as a row-major tensor. `read` fills all of the buffer that it is given, ``byteCount`` bytes, with the
  /// file's numbers; the caller has checked that there are as many.
  /// - Throws: ``PexError`` (malformed) when a bool is neither 0 nor 1; whatever `read` throws.
  package func tensor(read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Tensor {
    let isTransposed = isFortranOrder && shape.rank > 1
    let stored = isTransposed ? try Shape(shape.dimensions.reversed()) : shape
    let flat = try Tensor(element.dtype, stored) { target in
      if element.isStoredAsIs {
        try read(target)
        if isBigEndian { Self.swap(target, each: element.byteCount) }
      } else {
        let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { packed.deallocate() }
        try read(packed)
        if isBigEndian { Self.swap(packed, each: element.byteCount) }
        element.widen(UnsafeRawBufferPointer(packed), into: target)
      }
    }
    if element == .bool, flat.withBytes({ $0.contains { $0 > 1 } }) {
      throw PexError(.malformed, "expected bools of 0 or 1, found another value")
    }
    return isTransposed ? try flat.withReversedAxes() : flat
  }

  /// Turns the bytes of every number round.
  private static func swap(_ bytes: UnsafeMutableRawBufferPointer, each size: Int) {
    for start in stride(from: 0, to: bytes.count - size + 1, by: size) {
      for offset in 0..<size / 2 { bytes.swapAt(start + offset, start + size - 1 - offset) }
    }
  }
}

extension Tensor {
  /// The tensor with its axes in the opposite order, as a copy.
  fileprivate func withReversedAxes() throws -> Tensor {
    let target = try Shape(shape.dimensions.reversed())
    let size = dtype.byteCount
    let steps = Array(shape.strides.reversed())
    return try Tensor(dtype, target) { bytes in
      withBytes { source in
        var index = [Int](repeating: 0, count: target.rank)
        var from = 0
        for to in 0..<target.count {
          for byte in 0..<size { bytes[to * size + byte] = source[from * size + byte] }
          // Counts like an odometer: the last axis turns first, and a full turn carries to the one before.
          var axis = target.rank - 1
          while axis >= 0 {
            index[axis] += 1
            from += steps[axis]
            if index[axis] < target[axis] { break }
            from -= steps[axis] * target[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }
}
