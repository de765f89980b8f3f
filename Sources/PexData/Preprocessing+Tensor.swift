import CPexKernels
import PexTensor

extension Preprocessing {
  /// The picture as a model's input: float32 `[1, channels, height, width]`; sizes as ``PictureGeometry`` says.
  /// - Parameter channels: 3, or 1 for luma whatever ``channels`` says.
  /// - Throws: ``PexError`` (malformed) when a field makes no sense or the model takes no pictures.
  public func tensor(from picture: Picture, channels count: Int, height: Int, width: Int) throws -> Tensor {
    try validate(picturesOf: count)
    let geometry = try PictureGeometry(
      self, width: picture.width, height: picture.height, modelWidth: width, modelHeight: height)
    let whole = Picture.Region(width: picture.width, height: picture.height)
    return try normalised(try geometry.apply(to: picture, of: whole), channels: count)
  }

  /// As ``tensor(from:channels:height:width:)`` of the picture in an encoded file, of which no more is decoded than the model
  /// sees.
  /// - Throws: ``PexError`` (malformed) as ``Picture/decode(_:pixelLimit:)`` besides.
  public func tensor(
    decoding bytes: [UInt8], channels count: Int, height: Int, width: Int,
    pixelLimit: Int = Picture.defaultPixelLimit
  ) throws -> Tensor {
    try validate(picturesOf: count)
    let picture = try Picture.decode(bytes, pixelLimit: pixelLimit) { fullWidth, fullHeight in
      try PictureGeometry(self, width: fullWidth, height: fullHeight, modelWidth: width, modelHeight: height)
    }
    return try normalised(picture, channels: count)
  }

  /// Levels of one sample, channel after channel as `[C, H, W]` in the order red, green, blue, as a model's input:
  /// scaled, centred and, for ``Channels/bgr``, swapped, but not resized.
  /// - Throws: ``PexError`` (malformed) when a field makes no sense or there are not `channels * height * width` levels.
  public func tensor(fromPlanes levels: [UInt8], channels count: Int, height: Int, width: Int) throws -> Tensor {
    try validate(channels: count)
    let shape = try Shape([1, count, height, width])
    guard levels.count == shape.count else {
      throw PexError(.malformed, "expected \(shape.count) levels for \(shape), found \(levels.count)")
    }
    let isSwapped = channels == .bgr && count == 3
    return try normalised(shape, levels, step: 1) { (isSwapped ? 2 - $0 : $0) * height * width }
  }

  private func validate(picturesOf count: Int) throws {
    try validate(channels: count)
    guard count == 1 || count == 3 else {
      throw PexError(.malformed, "the model takes \(count) channels; pictures give 1 or 3")
    }
  }

  private func normalised(_ picture: Picture, channels count: Int) throws -> Tensor {
    let shape = try Shape([1, count, picture.height, picture.width])
    guard count == 1 || channels == .gray else {
      return try normalised(shape, picture.pixels, step: 3) { channels == .bgr ? 2 - $0 : $0 }
    }
    return try normalised(shape, picture.luma, step: 1) { _ in 0 }
  }

  /// Fills `[1, C, H, W]` with what becomes of levels: those of a channel stand `step` apart from `start` on.
  private func normalised(_ shape: Shape, _ levels: [UInt8], step: Int, start: (Int) -> Int) throws -> Tensor {
    let plane = shape[2] * shape[3]
    let kernels = pex_kernels_default().pointee
    return try Tensor(.float32, shape) { bytes in
      levels.withUnsafeBufferPointer { levels in
        guard let from = levels.baseAddress, let to = bytes.bindMemory(to: Float.self).baseAddress else { return }
        for channel in 0..<shape[1] {
          kernels.plane_of_levels(
            from + start(channel), step, plane, scale, mean[mean.count == 1 ? 0 : channel],
            standardDeviation[standardDeviation.count == 1 ? 0 : channel], to + channel * plane)
        }
      }
    }
  }
}

extension Picture {
  /// The luma of every pixel: ITU-R 601 weights in units of 2⁻¹⁶, as Pillow's mode L.
  fileprivate var luma: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
      pixels.withUnsafeBufferPointer { pixels in
        guard let from = pixels.baseAddress, let to = target.baseAddress else { return }
        pex_kernels_default().pointee.luma(from, width * height, to)
        count = width * height
      }
    }
  }
}
