import PexTensor

/// What a file holds, by its first bytes.
enum SampleKind {
  case picture(PictureFormat)
  case array

  /// So many first bytes tell.
  static let telling = 64

  /// Nil for what is neither.
  init?(_ start: some Collection<UInt8>) {
    if start.starts(with: NpyHeader.magic) {
      self = .array
    } else if let format = PictureFormat(start) {
      self = .picture(format)
    } else {
      return nil
    }
  }
}

/// How names of samples end. Whoever calls a file so means it to be read: where it cannot be, that is said.
enum SampleSuffix: String, CaseIterable {
  case png
  case jpg, jpeg, jpe, jfif, jif
  case webp
  case heic, heif, hif, avif
  case bmp, dib
  case gif
  case tif, tiff
  case npy

  /// The suffix that a file's name has, in any case; nil for all others.
  init?(_ name: [UInt8]) {
    let suffix = name.suffix(5).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard suffix.count > 1, let last = suffix.last else { return nil }
    self.init(rawValue: String(decoding: last, as: UTF8.self).lowercased())
  }
}
