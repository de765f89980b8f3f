import CImageCodecs
import PexTensor

extension Picture {
  /// The picture as a PNG file of 8 bits a sample. The same picture gives the same bytes.
  /// - Throws: ``PexError``: (malformed) when a side has more than 32767 pixels, (exhausted) when there is no memory.
  public func png() throws -> [UInt8] {
    var (bytes, count): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
    let status = pex_encode_png(pixels, width, height, &bytes, &count)
    defer { pex_encoded_free(bytes) }
    guard status == PEX_IMAGE_OK, let bytes else {
      guard status == PEX_IMAGE_TOO_LARGE else { throw PexError(.exhausted, "there is no memory to encode a picture") }
      throw PexError(.malformed, "a picture of \(width)x\(height) pixels is too large to be encoded")
    }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// The picture as it is, or smaller with the same proportions.
  /// - Parameter most: pixels of the longer side, at least 1.
  /// - Throws: ``PexError`` (malformed) as ``resized(width:height:)``.
  public func shrunk(to most: Int) throws -> Picture {
    let longer = max(width, height)
    guard longer > most else { return self }
    return try resized(width: max(1, width * most / longer), height: max(1, height * most / longer))
  }
}

extension Dataset {
  /// The picture of a sample as it was taken, before any preprocessing; nil for a sample that is an array. `index` must be
  /// below ``count``.
  /// - Throws: ``PexError`` (malformed, unreadable) naming the file when it cannot be decoded.
  public func picture(_ index: Int) throws -> Picture? {
    guard isPicture(index), let path = file(index) else { return nil }
    let bytes = try fileBytes(path: path)
    // Arrays are told by what they hold, whatever they are called.
    guard !bytes.starts(with: NpyHeader.magic) else { return nil }
    return try naming(name(index)) { try Picture.decode(bytes, pixelLimit: pixelLimit) }
  }
}
