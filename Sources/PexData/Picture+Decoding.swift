import CImageCodecs
import PexTensor

extension Picture {
  /// The most pixels that are decoded unless the caller says otherwise: 64 Mi, as 8192x8192.
  public static let defaultPixelLimit = 64 << 20

  /// Reads the PNG or JPEG file at `path`; see ``decode(_:pixelLimit:)``.
  /// - Throws: ``PexError`` (unreadable) when the file is missing or no regular file; (malformed) naming the file
  ///   when it is no sound PNG or JPEG, or too large.
  public static func load(path: String, pixelLimit: Int = defaultPixelLimit) throws -> Picture {
    let bytes = try fileBytes(path: path)
    return try naming(path) { try decode(bytes, pixelLimit: pixelLimit) }
  }

  /// Decodes a PNG or JPEG; which one, the content tells.
  ///
  /// Grey, palettes and 16-bit samples become 8-bit RGB; transparency is composited over white; the EXIF orientation
  /// is applied; colour profiles and gamma are not. Damage of any kind is an error: no half picture is returned.
  /// - Parameter pixelLimit: more pixels than this are refused before anything is decoded.
  /// - Throws: ``PexError`` (malformed) when the bytes are no sound PNG or JPEG, hold CMYK colours, or exceed the
  ///   limit.
  public static func decode(_ bytes: [UInt8], pixelLimit: Int = defaultPixelLimit) throws -> Picture {
    guard let format = PictureFormat(bytes) else {
      throw PexError(.malformed, "expected a PNG or JPEG picture, found neither")
    }
    let decoder = format == .png ? pex_decode_png : pex_decode_jpeg
    let picture = try decoding(format) { decoder(bytes, bytes.count, max(pixelLimit, 0), $0, $1) }
    return try picture.oriented(Exif.orientation(of: bytes, format))
  }

  /// The pixels in a region of a JPEG as it is stored.
  static func decodeJPEG(_ bytes: [UInt8], _ region: Region, pixelLimit: Int) throws -> Picture {
    var part = pex_region(
      left: region.columns.lowerBound, top: region.rows.lowerBound, width: region.columns.count,
      height: region.rows.count)
    return try decoding(.jpeg) { pex_decode_jpeg_part(bytes, bytes.count, max(pixelLimit, 0), &part, $0, $1) }
  }

  /// What a decoder of C gives: the image, or a status and a message.
  private static func decoding(
    _ format: PictureFormat,
    _ decode: (UnsafeMutablePointer<pex_image>, UnsafeMutablePointer<CChar>) -> pex_image_status
  ) throws -> Picture {
    var image = pex_image()
    defer { pex_image_free(&image) }
    var message = [CChar](repeating: 0, count: Int(PEX_IMAGE_MESSAGE_SIZE))
    let status = decode(&image, &message)
    guard status == PEX_IMAGE_OK, let samples = image.pixels else {
      throw failure(status, format, message)
    }
    let count = image.width * image.height * 3
    return try Picture(
      width: image.width, height: image.height, pixels: Array(UnsafeBufferPointer(start: samples, count: count)))
  }

  private static func failure(_ status: pex_image_status, _ format: PictureFormat, _ message: [CChar]) -> PexError {
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return switch status {
    case PEX_IMAGE_TOO_LARGE: PexError(.malformed, "the \(format.rawValue) picture is too large: \(text)")
    case PEX_IMAGE_NO_MEMORY: PexError(.inputOutput, "\(text)")
    default: PexError(.malformed, "the \(format.rawValue) picture cannot be decoded: \(text)")
    }
  }
}

/// The kinds of picture files that are read.
enum PictureFormat: String {
  case png = "PNG"
  case jpeg = "JPEG"

  /// The kind that the first bytes tell, or nil.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else {
      return nil
    }
  }
}
