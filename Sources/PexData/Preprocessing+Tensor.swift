import PexTensor

extension Preprocessing {
  /// The picture as a model's input: float32 `[1, channels, height, width]`.
  ///
  /// The shorter side is resized and the centre cropped as set, rounded as Torchvision does; a picture smaller than
  /// the crop keeps what it has. If the size still differs from the model's, the picture is resized to exactly
  /// `width` x `height`, whatever its proportions.
  /// - Parameter channels: 3, or 1 for luma whatever ``channels`` says.
  /// - Throws: ``PexError`` (malformed) when a field makes no sense or the model takes no pictures.
  public func tensor(from picture: Picture, channels count: Int, height: Int, width: Int) throws -> Tensor {
    try validate(channels: count)
    guard count == 1 || count == 3 else {
      throw PexError(.malformed, "the model takes \(count) channels; pictures give 1 or 3")
    }
    var picture = picture
    if let resize {
      let short = min(picture.width, picture.height)
      // Long strips are refused by the pixel limit in `resized`; the product of two sides fits easily.
      picture = try picture.resized(
        width: picture.width == short ? resize : resize * picture.width / short,
        height: picture.height == short ? resize : resize * picture.height / short)
    }
    if let crop { picture = try picture.centreCropped(width: crop.width, height: crop.height) }
    picture = try picture.resized(width: width, height: height)
    return try normalised([1, count, height, width]) { index, channel in
      let source = index * 3
      return switch channels {
      case .rgb where count == 3: picture.pixels[source + channel]
      case .bgr where count == 3: picture.pixels[source + 2 - channel]
      case .rgb, .bgr, .gray: picture.luma(at: source)
      }
    }
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
    let plane = height * width
    let isSwapped = channels == .bgr && count == 3
    return try normalised(shape.dimensions) { index, channel in
      levels[(isSwapped ? 2 - channel : channel) * plane + index]
    }
  }

  /// Fills `[1, C, H, W]` with what becomes of the level at each place (index within the plane, channel).
  private func normalised(_ dimensions: [Int], level: (Int, Int) -> UInt8) throws -> Tensor {
    let shape = try Shape(dimensions)
    let plane = shape[2] * shape[3]
    return try Tensor(.float32, shape) { bytes in
      let target = bytes.bindMemory(to: Float.self)
      for channel in 0..<shape[1] {
        let centre = mean[mean.count == 1 ? 0 : channel]
        let spread = standardDeviation[standardDeviation.count == 1 ? 0 : channel]
        let numbers = (0...255).map { (Float($0) * scale - centre) / spread }
        for index in 0..<plane { target[channel * plane + index] = numbers[Int(level(index, channel))] }
      }
    }
  }
}

extension Picture {
  /// The luma of the pixel whose red is at `index`: ITU-R 601 weights in units of 2⁻¹⁶, as Pillow's mode L.
  fileprivate func luma(at index: Int) -> UInt8 {
    let sum = 19595 * Int(pixels[index]) + 38470 * Int(pixels[index + 1]) + 7471 * Int(pixels[index + 2])
    return UInt8(clamping: (sum + 0x8000) >> 16)
  }
}
