import PexTensor

/// What samples a model takes, and how files become such samples.
public struct SampleFormat: Hashable, Sendable {
  /// The order of the axes in .npy and .npz files: the source model's.
  public enum Layout: String, CaseIterable, Sendable {
    /// Channels first, as in ONNX.
    case nchw
    /// Channels last, as in Keras.
    case nhwc
  }

  /// The extents of a sample as the model's input has them, without the batch: channels, rows and columns of a picture.
  public let extents: [Int]
  /// The order of the axes in array files.
  public let layout: Layout
  /// What is done to pictures.
  public let preprocessing: Preprocessing
  /// The most pixels of a picture that is decoded.
  public var pixelLimit = Picture.defaultPixelLimit

  /// The format of a model whose input is `[N, channels, height, width]` in the IR.
  /// - Throws: ``PexError`` (malformed) when an extent is not positive.
  public init(channels: Int, height: Int, width: Int, layout: Layout = .nchw, preprocessing: Preprocessing) throws {
    try self.init(extents: [channels, height, width], layout, preprocessing)
  }

  /// The format of a model whose input `[N, extents…]` is no picture: array files hold its samples.
  /// - Throws: ``PexError`` (malformed) when an extent is not positive.
  public init(extents: [Int]) throws { try self.init(extents: extents, .nchw, .none) }

  private init(extents: [Int], _ layout: Layout, _ preprocessing: Preprocessing) throws {
    guard extents.allSatisfy({ $0 > 0 }) else {
      throw PexError(
        .malformed, "a model input of \(extents.map(String.init).joined(separator: "x")) takes no samples")
    }
    _ = try Shape(extents).byteCount(.float32)
    (self.extents, self.layout, self.preprocessing) = (extents, layout, preprocessing)
  }

  /// Whether samples have channels, rows and columns, as pictures.
  public var takesPictures: Bool { extents.count == 3 }
  /// Channels of the model's input; 1 where it has none.
  public var channels: Int { takesPictures ? extents[0] : 1 }
  /// Rows of the model's input; 1 where it has none.
  public var height: Int { takesPictures ? extents[1] : 1 }
  /// Columns of the model's input; 1 where it has none.
  public var width: Int { takesPictures ? extents[2] : 1 }

  /// The sample in a picture or .npy file at `path`; see ``sample(in:name:)``.
  /// - Throws: ``PexError`` (unreadable) when the file cannot be opened, and as ``sample(in:name:)``.
  public func load(path: String) throws -> Tensor { try load(SamplePath(path)) }

  /// The sample in a picture or .npy file at `path`; see ``sample(in:name:)``.
  /// - Throws: ``PexError`` (unreadable) when the file cannot be opened, and as ``sample(in:name:)``.
  public func load(_ path: SamplePath) throws -> Tensor {
    try sample(in: try fileBytes(path: path), name: path.description)
  }

  /// The sample in the bytes of a picture or .npy file as float32 `[1, extents…]`. Which it is, the content
  /// tells.
  ///
  /// A .npy file holds one sample, with or without a batch axis of 1. Its numbers are used as they are, except that
  /// u8 numbers are levels and are scaled and centred as a picture's.
  /// - Parameter name: stands in front of error messages.
  /// - Throws: ``PexError`` (malformed) when it cannot be decoded, has another shape, or holds numbers that are not finite;
  ///   (unreadable) when what decodes such pictures is not installed.
  public func sample(in bytes: [UInt8], name path: String) throws -> Tensor {
    guard bytes.starts(with: NpyHeader.magic) else {
      return try naming(path) {
        guard takesPictures else {
          throw PexError(.malformed, "the model takes arrays of shape \(try Shape(extents)) (.npy) and no pictures")
        }
        return try preprocessing.tensor(
          decoding: bytes, channels: channels, height: height, width: width, pixelLimit: pixelLimit)
      }
    }
    let array = try Npy.read(bytes: bytes, name: path)
    return try naming(path) {
      let extents = sampleExtents
      guard array.shape.dimensions == extents || array.shape.dimensions == [1] + extents else {
        throw PexError(.malformed, "expected an array of shape \(try Shape(extents)), found \(array.shape)")
      }
      let sample = try array.withBytes { try self.sample(dtype: array.dtype, bytes: $0) }
      guard sample.isFinite else { throw PexError(.malformed, "the array holds NaN or infinite numbers") }
      return sample
    }
  }

  /// The extents of one sample in array files.
  var sampleExtents: [Int] {
    switch layout {
    case .nchw: extents
    case .nhwc: [height, width, channels]
    }
  }

  /// One sample, of which `bytes` are the numbers in ``layout``, as float32 `[1, extents…]`.
  func sample(dtype: DType, bytes: UnsafeRawBufferPointer) throws -> Tensor {
    if dtype == .uint8, takesPictures {
      return try preprocessing.tensor(
        fromPlanes: channelsFirst(Array(bytes)), channels: channels, height: height, width: width)
    }
    let stored = try Tensor(dtype, Shape([1] + sampleExtents)) { $0.copyMemory(from: bytes) }
    return try Tensor([1] + extents, channelsFirst(stored.floats))
  }

  private func channelsFirst<Element>(_ elements: [Element]) -> [Element] {
    guard layout == .nhwc, channels > 1 else { return elements }
    return (0..<channels).flatMap { channel in
      stride(from: channel, to: elements.count, by: channels).map { elements[$0] }
    }
  }
}
