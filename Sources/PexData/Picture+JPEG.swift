import CImageCodecs
import PexTensor

extension Picture {
  /// What a model sees of the picture in an encoded file.
  ///
  /// Of a JPEG no more is decoded than is needed, and its rows become shorter ones while they are at hand; other pictures
  /// are decoded whole.
  /// - Parameter geometry: by the width and height of the upright picture.
  /// - Throws: ``PexError`` as ``decode(_:pixelLimit:)``, for damage outside of what is needed as well; whatever `geometry`
  ///   throws.
  static func decode(
    _ bytes: [UInt8], pixelLimit: Int, _ geometry: (_ width: Int, _ height: Int) throws -> PictureGeometry
  ) throws -> Picture {
    var (width, height) = (0, 0)
    guard PictureFormat(bytes) == .jpeg, pex_jpeg_size(bytes, bytes.count, &width, &height) != 0, width > 0, height > 0,
      height <= pixelLimit / width
    else {
      let picture = try decode(bytes, pixelLimit: pixelLimit)
      let whole = Region(width: picture.width, height: picture.height)
      return try geometry(picture.width, picture.height).apply(to: picture, of: whole)
    }
    let orientation = PictureMetadata(of: bytes, .jpeg).orientation
    let seen = try orientation.swapsAxes ? geometry(height, width) : geometry(width, height)
    let stored = orientation.stored(seen.needed, width: width, height: height)
    guard orientation == .upright else {
      let part = try decodeJPEG(bytes, stored, by: RowFilter(of: stored.columns), pixelLimit: pixelLimit)
      return try seen.apply(to: part.oriented(orientation), of: seen.needed)
    }
    return try seen.finish(decodeJPEG(bytes, stored, by: seen.rowFilter, pixelLimit: pixelLimit))
  }

  /// The rows in a region of a JPEG as it is stored, each as the filter gives it.
  private static func decodeJPEG(
    _ bytes: [UInt8], _ region: Region, by filter: RowFilter, pixelLimit: Int
  ) throws -> Picture {
    let limit = max(pixelLimit, 0)
    return try Picture(width: filter.count, height: region.rows.count) { target in
      var taker = RowTaker(filter: filter, target: target)
      try explaining(.jpeg) {
        try checking(.jpeg, limit) { message in
          withUnsafeMutablePointer(to: &taker) { taker in
            var rows = pex_rows(
              part: pex_region(
                left: region.columns.lowerBound, top: region.rows.lowerBound, width: region.columns.count,
                height: region.rows.count),
              take: { taker, row in
                guard let row else { return }
                taker?.assumingMemoryBound(to: RowTaker.self).pointee.take(row)
              }, taker: taker)
            return pex_decode_jpeg_rows(bytes, bytes.count, limit, &rows, message)
          }
        }
      }
    }
  }
}

/// Takes rows as they are decoded.
private struct RowTaker {
  let filter: RowFilter
  /// Where the next one goes.
  var target: UnsafeMutablePointer<UInt8>

  mutating func take(_ row: UnsafePointer<UInt8>) {
    filter.apply(to: row, rows: 1, stride: 0, writing: target)
    target += filter.count * 3
  }
}
