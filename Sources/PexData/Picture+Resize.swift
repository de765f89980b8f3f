import PexBundle
import PexTensor

extension Picture {
  /// Some of a picture's pixels: a rectangle.
  struct Region: Hashable, Sendable {
    var columns: Range<Int>
    var rows: Range<Int>

    /// The whole of a picture of that size.
    init(width: Int, height: Int) { (columns, rows) = (0..<width, 0..<height) }

    /// A part of one.
    init(columns: Range<Int>, rows: Range<Int>) { (self.columns, self.rows) = (columns, rows) }
  }

  /// The picture in another size: columns first, rounded to 8 bits, then rows, with weights of 22 fractional bits, as Pillow
  /// computes it.
  /// - Throws: ``PexError`` (malformed) when a side is not positive or the pixels exceed ``defaultPixelLimit``.
  public func resized(
    width newWidth: Int, height newHeight: Int, by resampling: Resampling = .bilinearAntialias
  ) throws -> Picture {
    let resize = try Resize(
      width: width, height: height, newWidth: newWidth, newHeight: newHeight, by: resampling)
    return try resize.apply(to: self)
  }

  /// The picture of which `width` and `height` pixels around the centre are kept; a side that is shorter already
  /// stays as it is. Where the margin is odd, the half goes to the even side, as in Torchvision.
  /// - Throws: ``PexError`` (malformed) when a side is not positive.
  public func centreCropped(width wanted: Int, height wantedHeight: Int) throws -> Picture {
    let kept = Region(width: width, height: height).centre(width: wanted, height: wantedHeight)
    guard !kept.columns.isEmpty, !kept.rows.isEmpty else {
      throw PexError(.malformed, "a picture cannot be cropped to \(wanted)x\(wantedHeight)")
    }
    return try part(kept)
  }

  /// The pixels of a region that lies within the picture.
  func part(_ region: Region) throws -> Picture {
    guard region != Region(width: width, height: height) else { return self }
    var samples: [UInt8] = []
    samples.reserveCapacity(region.columns.count * region.rows.count * 3)
    for row in region.rows {
      samples += pixels[(row * width + region.columns.lowerBound) * 3..<(row * width + region.columns.upperBound) * 3]
    }
    return try Picture(width: region.columns.count, height: region.rows.count, pixels: samples)
  }
}

extension Picture.Region {
  /// The same pixels, counted from the first one of a region that holds them.
  func relative(to region: Picture.Region) -> Picture.Region {
    func shifted(_ side: Range<Int>, _ start: Int) -> Range<Int> { side.lowerBound - start..<side.upperBound - start }
    return Picture.Region(
      columns: shifted(columns, region.columns.lowerBound), rows: shifted(rows, region.rows.lowerBound))
  }

  /// What a centre crop keeps; see ``Picture/centreCropped(width:height:)``.
  func centre(width: Int, height: Int) -> Picture.Region {
    func middle(_ side: Range<Int>, _ wanted: Int) -> Range<Int> {
      let kept = max(0, min(side.count, wanted))
      let start = side.lowerBound + Int((Double(side.count - kept) / 2).rounded(.toNearestOrEven))
      return start..<start + kept
    }
    return Picture.Region(columns: middle(columns, width), rows: middle(rows, height))
  }
}
