import PexTensor

/// Which pixels of a picture a model sees, and in which size.
///
/// The shorter side is resized, the longer one to the nearest whole number of pixels that keeps the proportions, and the centre
/// cropped as set; a picture smaller than the crop keeps what it has. If the size still differs from the model's, what is left is resized to exactly that, whatever its
/// proportions.
struct PictureGeometry {
  /// The change of size in front of the crop, of which only the crop is computed.
  private let resize: Resize?
  /// What the crop keeps, in pixels of the picture behind ``resize``.
  private let kept: Picture.Region
  private let stretch: Resize?

  /// - Parameters:
  ///   - width: of the upright picture.
  ///   - height: of the upright picture.
  ///   - modelWidth: of the model's input.
  ///   - modelHeight: of the model's input.
  /// - Throws: ``PexError`` (malformed) when a size cannot be had.
  init(
    _ preprocessing: Preprocessing, width: Int, height: Int, modelWidth: Int, modelHeight: Int
  ) throws {
    var (newWidth, newHeight) = (width, height)
    if let side = preprocessing.resize {
      let short = min(width, height)
      // Long strips are refused by the pixel limit; the product of two sides fits easily.
      // Torchvision cuts the fraction off, which distorts by up to a pixel.
      newWidth = (2 * side * width + short) / (2 * short)
      newHeight = (2 * side * height + short) / (2 * short)
    }
    let whole = Picture.Region(width: newWidth, height: newHeight)
    kept = preprocessing.crop.map { whole.centre(width: $0.width, height: $0.height) } ?? whole
    let by = preprocessing.resampling
    resize =
      newWidth == width && newHeight == height
      ? nil
      : try Resize(width: width, height: height, newWidth: newWidth, newHeight: newHeight, by: by, keeping: kept)
    let (keptWidth, keptHeight) = (kept.columns.count, kept.rows.count)
    stretch =
      keptWidth == modelWidth && keptHeight == modelHeight
      ? nil : try Resize(width: keptWidth, height: keptHeight, newWidth: modelWidth, newHeight: modelHeight, by: by)
  }

  /// The pixels of the upright picture that anything is made of.
  var needed: Picture.Region { resize?.needed ?? kept }

  /// The picture that the model sees.
  /// - Parameters:
  ///   - part: pixels of the upright picture, at least ``needed``.
  ///   - region: which pixels they are.
  func apply(to part: Picture, of region: Picture.Region) throws -> Picture {
    let cropped = try resize?.apply(to: part, of: region) ?? part.part(kept.relative(to: region))
    return try stretch?.apply(to: cropped) ?? cropped
  }

  /// What becomes of each row of ``needed``, which comes first.
  var rowFilter: RowFilter { resize?.rowFilter ?? RowFilter(of: kept.columns) }

  /// The picture that the model sees, from the rows of ``needed`` to which ``rowFilter`` has been applied.
  func finish(_ narrowed: Picture) throws -> Picture {
    let cropped = try resize?.finish(narrowed) ?? narrowed
    return try stretch?.apply(to: cropped) ?? cropped
  }
}
