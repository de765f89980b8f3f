/// The kinds of picture files that are read.
enum PictureFormat: String {
  case png = "PNG"
  case jpeg = "JPEG"
  case webp = "WebP"
  case heic = "HEIC"
  case avif = "AVIF"
  case bmp = "BMP"
  case gif = "GIF"
  case tiff = "TIFF"

  /// The kind that the first bytes tell, or nil. 64 bytes are enough.
  init?(_ start: some Collection<UInt8>) {
    let bytes = Array(start.prefix(64))
    func has(_ text: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if has("RIFF", at: 0), has("WEBP", at: 8) {
      self = .webp
    } else if has("ftyp", at: 4), let format = Self.brand(bytes) {
      self = format
    } else if has("GIF87a", at: 0) || has("GIF89a", at: 0) {
      self = .gif
    } else if has("II*\0", at: 0) || has("MM\0*", at: 0) || has("II+\0", at: 0) || has("MM\0+", at: 0) {
      self = .tiff
    } else if has("BM", at: 0),
      BMPHeader.sizes.contains(where: { has("\(Character(Unicode.Scalar($0)))\0\0\0", at: 14) })
    {
      self = .bmp
    } else {
      return nil
    }
  }

  /// What the brands at the start of an ISO media file say: films have others.
  private static func brand(_ bytes: [UInt8]) -> PictureFormat? {
    let size = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    // The major brand, its version, then all brands that the file is compatible with.
    let words = stride(from: 8, to: min(size, bytes.count - 3), by: 4).map {
      String(decoding: bytes[$0..<min($0 + 4, bytes.count)], as: UTF8.self)
    }
    guard let major = words.first else { return nil }
    let brands = [major] + words.dropFirst(2)
    if ["avif", "avis"].contains(major) { return .avif }
    if ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"].contains(major) { return .heic }
    guard ["mif1", "mif2", "msf1", "miaf"].contains(major) else { return nil }
    return brands.contains("avif") ? .avif : .heic
  }
}
