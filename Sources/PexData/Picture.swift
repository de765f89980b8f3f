import PexTensor

/// A picture of 8-bit red, green and blue.
public struct Picture: Hashable, Sendable {
  /// Pixels in a row; at least 1.
  public let width: Int
  /// Rows; at least 1.
  public let height: Int
  /// `height * width * 3` samples: rows from top to bottom, in each row pixels from left to right, red green blue.
  public let pixels: [UInt8]

  /// A picture with the given pixels.
  /// - Throws: ``PexError`` (malformed) when a side is not positive or the number of samples is not
  ///   `height * width * 3`.
  public init(width: Int, height: Int, pixels: [UInt8]) throws {
    guard width > 0, height > 0 else {
      throw PexError(.malformed, "a picture of \(width)x\(height) pixels has no pixels")
    }
    guard try Shape([height, width, 3]).count == pixels.count else {
      throw PexError(.malformed, "expected \(width)x\(height)x3 samples, found \(pixels.count)")
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture whose `height * width * 3` samples `write` fills in.
  init(width: Int, height: Int, writing write: (UnsafeMutablePointer<UInt8>) throws -> Void) throws {
    let count = try Shape([height, width, 3]).count
    let pixels = try [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      guard let to = target.baseAddress else { return }
      try write(to)
      initialized = count
    }
    try self.init(width: width, height: height, pixels: pixels)
  }
}
