import CImageCodecs
import PexTensor

extension Picture {
  /// The most pixels that are decoded unless the caller says otherwise: 64 Mi, as 8192x8192.
  public static let defaultPixelLimit = 64 << 20
  /// No limit is higher than this: 16 Gi pixels.
  public static let largestPixelLimit = 16 << 30

  /// Reads the picture file at `path`; see ``decode(_:pixelLimit:)``.
  /// - Throws: ``PexError`` (unreadable) when the file is missing or no regular file, or what decodes it is not installed;
  ///   (malformed) naming the file when it is no sound picture, or too large.
  public static func load(path: String, pixelLimit: Int = defaultPixelLimit) throws -> Picture {
    let bytes = try fileBytes(path: SamplePath(path))
    return try naming(path) { try decode(bytes, pixelLimit: pixelLimit) }
  }

  /// Decodes a PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF; which one, the content tells. Of several frames or pages it is
  /// the first.
  ///
  /// Grey, palettes and samples of more than 8 bits become 8-bit RGB, CMYK too; transparency is composited over white; the
  /// orientation in EXIF or XMP is applied; colour profiles and gamma are not. Damage of any kind is an error: no half picture is
  /// returned. Bytes behind the picture are no damage.
  /// - Parameter pixelLimit: more pixels than this are refused before anything is decoded.
  /// - Throws: ``PexError``: (malformed) when the bytes are no sound picture, or exceed the limit; (unreadable) when the
  ///   library that decodes such pictures is not installed.
  public static func decode(_ bytes: [UInt8], pixelLimit: Int = defaultPixelLimit) throws -> Picture {
    guard let format = PictureFormat(bytes) else {
      throw PexError(.malformed, bytes.isEmpty ? "the file is empty" : "expected \(formats), found neither")
    }
    let limit = max(pixelLimit, 0)
    let picture = try explaining(format) { try decode(bytes, format, limit) }
    return try picture.oriented(PictureMetadata(of: bytes, format).orientation)
  }

  /// Says of what is wrong with a picture which picture it is wrong with; what is too large says so itself.
  static func explaining<Result>(_ format: PictureFormat, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as PexError where error.kind == .malformed && error.hint == nil {
      throw PexError(.malformed, "the \(format.rawValue) picture cannot be decoded: \(error.message)")
    }
  }

  private static let formats = "a picture (PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF) or a .npy array"

  /// The picture as it is stored, whatever it says about its orientation.
  private static func decode(_ bytes: [UInt8], _ format: PictureFormat, _ limit: Int) throws -> Picture {
    switch format {
    case .png: try decode(bytes, format, limit, pex_decode_png)
    case .jpeg: try decode(bytes, format, limit, pex_decode_jpeg)
    case .heic, .avif: try decode(bytes, format, limit, pex_decode_heif)
    case .tiff: try decode(bytes, format, limit, pex_decode_tiff)
    case .webp: try decodeWebP(bytes, limit)
    case .bmp: try BMPDecoder.decode(bytes, pixelLimit: limit)
    case .gif: try GIFDecoder.decode(bytes, pixelLimit: limit)
    }
  }

  private typealias Decoder = (
    UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<pex_image>?, UnsafeMutablePointer<CChar>?
  ) -> pex_image_status

  private static func decode(
    _ bytes: [UInt8], _ format: PictureFormat, _ limit: Int, _ decoder: Decoder
  ) throws -> Picture {
    try decoding(format, limit) { decoder(bytes, bytes.count, limit, $0, $1) }
  }

  private static func decoding(
    _ format: PictureFormat, _ limit: Int,
    _ decode: (UnsafeMutablePointer<pex_image>, UnsafeMutablePointer<CChar>) -> pex_image_status
  ) throws -> Picture {
    var image = pex_image()
    defer { pex_image_free(&image) }
    try checking(format, limit) { decode(&image, $0) }
    guard let samples = image.pixels else { throw PexError(.defect, "a picture was decoded without pixels") }
    return try Picture(width: image.width, height: image.height) {
      $0.update(from: samples, count: image.width * image.height * 3)
    }
  }

  /// Throws what a decoder of C says by a status and a message.
  static func checking(
    _ format: PictureFormat, _ limit: Int, _ decode: (UnsafeMutablePointer<CChar>) -> pex_image_status
  ) throws {
    var message = [CChar](repeating: 0, count: Int(PEX_IMAGE_MESSAGE_SIZE))
    let status = decode(&message)
    guard status != PEX_IMAGE_OK else { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw failure(status, format, text, limit)
  }

  /// A still picture, or the first frame of a moving one on its canvas, which is white.
  private static func decodeWebP(_ bytes: [UInt8], _ limit: Int) throws -> Picture {
    guard let frame = try WebPFile.firstFrame(bytes) else { return try decode(bytes, .webp, limit, pex_decode_webp) }
    var canvas = try PixelCanvas(
      width: frame.canvas.width, height: frame.canvas.height, level: 255, .webp, pixelLimit: limit)
    let picture = try decode(frame.file, .webp, limit, pex_decode_webp)
    guard frame.left + picture.width <= canvas.width, frame.top + picture.height <= canvas.height else {
      throw PexError(.malformed, "its first frame lies outside of its canvas")
    }
    canvas.paste(picture, left: frame.left, top: frame.top)
    return try Picture(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
  }

  private static func failure(
    _ status: pex_image_status, _ format: PictureFormat, _ text: String, _ limit: Int
  ) -> PexError {
    switch status {
    case PEX_IMAGE_TOO_LARGE:
      let sides = text.split(separator: "x").compactMap { Int($0) }
      return PexError.tooLarge(format, sides.first ?? 0, sides.last ?? 0, limit)
    case PEX_IMAGE_NO_MEMORY: return PexError(.inputOutput, "\(text)")
    case PEX_IMAGE_NO_DECODER:
      return PexError(
        .unreadable, "the \(format.rawValue) picture cannot be decoded here: \(text)", hint: format.installation)
    default: return PexError(.malformed, text)
    }
  }
}

extension PictureFormat {
  /// What a user can do for whom such pictures cannot be decoded; nil where that is never so.
  fileprivate var installation: String? {
    switch self {
    case .png, .jpeg, .bmp, .gif: nil
    case .webp: "install libwebp (Debian: apt-get install libwebp7)"
    case .tiff: "install libtiff (Debian: apt-get install libtiff6)"
    case .heic:
      "install libheif with a decoder for HEVC (Debian: apt-get install libheif1 libde265-0; from 13 on also libheif-plugin-libde265)"
    case .avif:
      "install libheif with a decoder for AV1 (Debian: apt-get install libheif1 libdav1d6; from 13 on also libheif-plugin-dav1d)"
    }
  }
}

extension PixelCanvas {
  /// Lays a picture that fits onto the canvas.
  fileprivate mutating func paste(_ picture: Picture, left: Int, top: Int) {
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        let place = (row * picture.width + column) * 3
        set(
          row: top + row, column: left + column,
          RGB(red: picture.pixels[place], green: picture.pixels[place + 1], blue: picture.pixels[place + 2]))
      }
    }
  }
}
