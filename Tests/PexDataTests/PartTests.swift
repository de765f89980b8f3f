import PexBundle
import PexData
import PexTensor
import Testing

/// Pictures of which no more is decoded and resized than a model sees: the numbers are those of the whole.
@Suite struct PartTests {
  private static let sizes: [Preprocessing] =
    [nil, 8, 30, 61, 120, 200].flatMap { side in
      [nil, (7, 7), (24, 16), (64, 64), (500, 3)].map { crop in
        Preprocessing(resize: side, crop: crop.map { .init(height: $0.0, width: $0.1) }, scale: 1 / 255)
      }
    }

  @Test(arguments: [
    "part420.jpg", "part422.jpg", "part444.jpg", "part420-progressive.jpg", "part-gray.jpg", "resize.png",
  ])
  func partsAreThoseOfTheWhole(name: String) throws {
    let bytes = try Fixture.bytes(name)
    let whole = try Picture.decode(bytes)
    for resampling in Resampling.allCases {
      for var preprocessing in Self.sizes {
        preprocessing.resampling = resampling
        for (height, width) in [(24, 16), (7, 7)] {
          let part = try preprocessing.tensor(decoding: bytes, channels: 3, height: height, width: width)
          let wanted = try preprocessing.tensor(from: whole, channels: 3, height: height, width: width)
          #expect(part.isIdentical(to: wanted), "\(preprocessing)")
        }
      }
    }
  }

  /// What is cut off at the end of a picture is missed although nothing of it is seen.
  @Test func damageOutsideThePartIsFound() throws {
    let bytes = try Fixture.bytes("part420.jpg")
    let centre = Preprocessing(crop: .init(height: 16, width: 16))
    #expect(throws: Never.self) { try centre.tensor(decoding: bytes, channels: 3, height: 16, width: 16) }
    let damaged = Array(bytes.dropLast(40))
    #expect(
      failure { try centre.tensor(decoding: damaged, channels: 3, height: 16, width: 16) }?.kind == .malformed)
  }

  @Test func thePixelLimitStandsBeforeParts() throws {
    let bytes = try Fixture.bytes("part420.jpg")
    let centre = Preprocessing(crop: .init(height: 16, width: 16))
    let error = failure {
      try centre.tensor(decoding: bytes, channels: 3, height: 16, width: 16, pixelLimit: 100)
    }
    #expect(error?.message.contains("too large") == true)
  }
}
