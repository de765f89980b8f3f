/// What a picture file says about itself beside its pixels, as far as it matters here: which way up it is.
///
/// Every offset is checked against the bytes there are; a block that makes no sense says nothing.
struct PictureMetadata {
  /// An EXIF block: a TIFF file in small.
  private(set) var exif: ArraySlice<UInt8>?
  /// An XMP packet: XML.
  private(set) var xmp: ArraySlice<UInt8>?

  /// Finds the blocks in a file. HEIC and AVIF are turned by their decoder, which knows of better places than EXIF for it.
  init(of file: [UInt8], _ format: PictureFormat) {
    switch format {
    case .jpeg: readJPEG(file)
    case .png: readPNG(file)
    case .webp: readWebP(file)
    case .tiff: exif = file[...]
    case .heic, .avif, .bmp, .gif: break
    }
  }

  /// The orientation that is declared; ``Orientation/upright`` without any. EXIF counts for more than XMP.
  var orientation: Orientation {
    let declared = exif.flatMap { TIFFDirectory($0)?.orientation } ?? xmp.flatMap(XMP.orientation)
    return declared.flatMap(Orientation.init) ?? .upright
  }

  /// APP1 segments in front of the first scan that start as EXIF and XMP do.
  private mutating func readJPEG(_ file: [UInt8]) {
    let names = (exif: Array("Exif\0\0".utf8), xmp: Array("http://ns.adobe.com/xap/1.0/\0".utf8))
    var position = 2
    while position + 4 <= file.count, file[position] == 0xff {
      let marker = file[position + 1]
      // A marker may be padded with any number of 0xff in front.
      guard marker != 0xff else {
        position += 1
        continue
      }
      guard marker != 0xda, marker != 0xd9 else { return }
      let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
      let payload = position + 4..<position + 2 + max(length, 2)
      guard payload.upperBound <= file.count else { return }
      if marker == 0xe1 {
        let bytes = file[payload]
        if exif == nil, bytes.starts(with: names.exif) { exif = bytes.dropFirst(names.exif.count) }
        if xmp == nil, bytes.starts(with: names.xmp) { xmp = bytes.dropFirst(names.xmp.count) }
      }
      position = payload.upperBound
    }
  }

  /// The eXIf chunk and an iTXt chunk with XMP, in front of the pixels or behind them.
  private mutating func readPNG(_ file: [UInt8]) {
    var position = 8
    while position + 8 <= file.count {
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - position - 8 else { return }
      let data = file[position + 8..<position + 8 + length]
      switch file[position + 4..<position + 8] {
      case let type where type.elementsEqual("eXIf".utf8): exif = exif ?? data
      case let type where type.elementsEqual("iTXt".utf8): xmp = xmp ?? Self.packet(data)
      case let type where type.elementsEqual("IEND".utf8): return
      default: break
      }
      // Length, type, data and checksum.
      position += 12 + length
    }
  }

  /// The text of an iTXt chunk, when it is an XMP packet and not compressed.
  private static func packet(_ chunk: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let keyword = Array("XML:com.adobe.xmp\0\0".utf8)
    guard chunk.starts(with: keyword) else { return nil }
    // After the method of compression come language and translated keyword, each with a zero behind it.
    let fields = chunk.dropFirst(keyword.count + 1).split(
      separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    return fields.count == 3 ? fields[2] : nil
  }

  private mutating func readWebP(_ file: [UInt8]) {
    guard let chunks = WebPFile.chunks(file) else { return }
    for chunk in chunks {
      switch chunk.type {
      case "EXIF":
        // Some writers put the name in front that JPEG has there.
        let name = Array("Exif\0\0".utf8)
        exif = exif ?? (chunk.data.starts(with: name) ? chunk.data.dropFirst(name.count) : chunk.data)
      case "XMP ": xmp = xmp ?? chunk.data
      default: break
      }
    }
  }
}
