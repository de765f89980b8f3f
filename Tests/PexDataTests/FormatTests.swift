import Foundation
import PexData
import PexTensor
import Testing

/// Pictures of all formats against what Pillow makes of them; see Fixtures/formats/make.py.
@Suite struct FormatTests {
  private func picture(_ name: String) throws -> Picture { try Picture.load(path: Fixture.path("formats/\(name)")) }

  @Test(arguments: [
    "lossless.webp", "lossless-alpha.webp", "animated.webp", "animated-part.webp", "rgb24.bmp", "gray8.bmp",
    "palette8.bmp", "palette4.bmp", "bits1.bmp", "alpha32.bmp", "top-down.bmp", "core24.bmp", "bits555.bmp",
    "bits565.bmp", "unused32.bmp", "runs8.bmp", "runs4.bmp", "still.gif", "interlaced.gif", "gray.gif",
    "transparent.gif", "animated.gif", "part.gif", "part-transparent.gif", "rgb.tif", "gray.tif", "palette.tif",
    "bits1.tif", "alpha.tif", "gray-alpha.tif", "lzw.tif", "deflate.tif", "packbits.tif", "group4.tif", "pages.tif",
    "tiles.tif", "text-bomb.png",
  ])
  func losslessFormatsAreExact(name: String) throws {
    #expect(try picture(name) == Fixture.picture("formats/\(name).npy"))
  }

  /// Versions of the decoders round colours differently by a level, and so do 16 bits and inks.
  @Test(arguments: [
    "lossy.webp", "lossy-alpha.webp", "photo.heic", "alpha.heic", "turned3.heic", "turned6.heic", "turned7.heic",
    "photo.avif", "alpha.avif", "turned6.avif", "jpeg.tif", "cmyk.tif", "gray16.tif", "cmyk.jpg",
  ])
  func lossyFormatsAreWithinALevel(name: String) throws {
    let difference = try picture(name).difference(from: Fixture.picture("formats/\(name).npy"))
    #expect(try #require(difference) <= 1)
  }

  @Test(arguments: [
    ("exif-before.png", 0), ("exif-after.png", 0), ("xmp-attribute.png", 0), ("xmp-element.png", 0),
    ("exif-wins.png", 0), ("xmp-attribute.webp", 0), ("xmp-element.webp", 0), ("exif.webp", 0),
    ("exif-named.webp", 0), ("shortB.jpg", 12), ("shortL.jpg", 12), ("longB.jpg", 12), ("longL.jpg", 12),
    ("xmp-attribute.jpg", 12), ("xmp-element.jpg", 12),
  ])
  func orientationIsReadInEveryForm(name: String, most: Int) throws {
    let difference = try picture("orientation-\(name)").difference(from: Fixture.picture("upright.npy"))
    #expect(try #require(difference) <= most)
  }

  @Test(arguments: [2, 3, 4, 5, 6]) func orientationOfTIFFIsApplied(number: Int) throws {
    #expect(try picture("orientation\(number).tif") == Fixture.picture("upright.npy"))
  }

  @Test func emptyFilesAndOtherFilesAreNamed() {
    #expect(failure { try Picture.decode([]) }?.message == "the file is empty")
    let film = [0, 0, 0, 0x14] + Array("ftypqt  ".utf8) + [UInt8](repeating: 0, count: 40)
    #expect(failure { try Picture.decode(film) }?.message.contains("HEIC") == true)
  }
}
