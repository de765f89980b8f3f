import CImageCodecs
import PexTensor

extension Picture {
  /// Decodes what is needed of a picture, perhaps more.
  ///
  /// A part of a JPEG is decoded alone; other pictures are decoded whole.
  /// - Parameter needed: which pixels of the upright picture are needed, by its width and height; not empty.
  /// - Returns: the pixels, and which of the upright picture's they are.
  /// - Throws: ``PexError`` as ``decode(_:pixelLimit:)``, for damage outside the part as well; whatever `needed` throws.
  static func decodePart(
    _ bytes: [UInt8], pixelLimit: Int, needed: (_ width: Int, _ height: Int) throws -> Region
  ) throws -> (Picture, Region) {
    var (width, height) = (0, 0)
    guard PictureFormat(bytes) == .jpeg, pex_jpeg_size(bytes, bytes.count, &width, &height) != 0, width > 0, height > 0,
      height <= pixelLimit / width
    else {
      let picture = try decode(bytes, pixelLimit: pixelLimit)
      _ = try needed(picture.width, picture.height)
      return (picture, Region(width: picture.width, height: picture.height))
    }
    let orientation = PictureMetadata(of: bytes, .jpeg).orientation
    let region = try orientation.swapsAxes ? needed(height, width) : needed(width, height)
    let stored = orientation.stored(region, width: width, height: height)
    return (try decodeJPEG(bytes, stored, pixelLimit: pixelLimit).oriented(orientation), region)
  }
}
