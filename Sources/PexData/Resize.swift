import CPexKernels
import PexBundle
import PexTensor

/// A change of size of which only a part may be wanted: nothing else is computed, or needs to be decoded.
struct Resize {
  private let old: Picture.Region
  private let columns: ResamplingFilter?
  private let rows: ResamplingFilter?
  /// The part of the new picture that is computed.
  private let kept: Picture.Region

  /// - Parameter kept: a part of the new picture, not empty; nil for the whole.
  /// - Throws: ``PexError`` (malformed) when a side is not positive or the pixels exceed ``Picture/defaultPixelLimit``.
  init(
    width: Int, height: Int, newWidth: Int, newHeight: Int, by resampling: Resampling,
    keeping kept: Picture.Region? = nil
  ) throws {
    guard newWidth > 0, newHeight > 0, newHeight <= Picture.defaultPixelLimit / newWidth,
      height <= Picture.defaultPixelLimit / newWidth
    else {
      throw PexError(.malformed, "a picture of \(width)x\(height) pixels cannot be resized to \(newWidth)x\(newHeight)")
    }
    old = Picture.Region(width: width, height: height)
    self.kept = kept ?? Picture.Region(width: newWidth, height: newHeight)
    columns =
      newWidth == width
      ? nil : ResamplingFilter(resampling, from: width, to: newWidth, keeping: self.kept.columns)
    rows =
      newHeight == height
      ? nil : ResamplingFilter(resampling, from: height, to: newHeight, keeping: self.kept.rows)
  }

  /// The pixels of the old picture that the wanted part is made of.
  var needed: Picture.Region {
    Picture.Region(columns: columns?.span ?? kept.columns, rows: rows?.span ?? kept.rows)
  }

  /// What becomes of each row of ``needed``, which comes first: rows follow from the shorter ones.
  var rowFilter: RowFilter {
    guard let columns else { return RowFilter(of: needed.columns) }
    return RowFilter(columns, of: needed.columns)
  }

  /// The wanted part of the new picture.
  /// - Parameters:
  ///   - part: pixels of the old picture, at least ``needed``.
  ///   - region: which pixels they are; nil for the whole.
  func apply(to part: Picture, of region: Picture.Region? = nil) throws -> Picture {
    let region = region ?? old
    let needed = needed
    guard region.rows.clamped(to: needed.rows) == needed.rows,
      region.columns.clamped(to: needed.columns) == needed.columns,
      part.width == region.columns.count, part.height == region.rows.count
    else { throw PexError(.defect, "a picture is resized of which a part is missing") }
    let start = needed.relative(to: region)
    let filter = rowFilter
    let narrowed = try Picture(width: filter.count, height: needed.rows.count) { to in
      part.pixels.withUnsafeBufferPointer { pixels in
        guard let from = pixels.baseAddress else { return }
        filter.apply(
          to: from + (start.rows.lowerBound * part.width + start.columns.lowerBound) * 3, rows: needed.rows.count,
          stride: part.width * 3, writing: to)
      }
    }
    return try finish(narrowed)
  }

  /// The wanted part of the new picture, of which ``rowFilter`` has been applied to all rows of ``needed``.
  func finish(_ narrowed: Picture) throws -> Picture {
    guard let rows else { return narrowed }
    let filter = rows.shifted(by: needed.rows.lowerBound)
    return try Picture(width: narrowed.width, height: kept.rows.count) { to in
      narrowed.pixels.withUnsafeBufferPointer { pixels in
        guard let from = pixels.baseAddress else { return }
        filter.withKernelForm { pex_kernels_default().pointee.resample_rows(from, narrowed.width * 3, $0, to) }
      }
    }
  }
}
