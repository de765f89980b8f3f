import PexBundle
import PexData
import PexTensor
import Testing

@Suite struct ResizeTests {
  @Test(arguments: [(16, 16), (74, 46), (37, 10), (50, 23), (5, 40), (1, 1), (36, 22)])
  func agreesWithPillow(width: Int, height: Int) throws {
    let picture = try Picture.load(path: Fixture.path("resize.png")).resized(width: width, height: height)
    let difference = try picture.difference(from: Fixture.picture("resize-\(width)x\(height).npy"))
    #expect(try #require(difference) == 0)
  }

  /// Pillow's own numbers, and for `bilinear` those that TensorFlow and OpenCV define, which round once where this rounds twice.
  @Test(arguments: Resampling.allCases.filter { $0 != .bilinearAntialias }, [(16, 16), (74, 46), (5, 40)])
  func resamplingsAreWhatTheirNamesSay(resampling: Resampling, size: (width: Int, height: Int)) throws {
    let (width, height) = size
    let picture = try Picture.load(path: Fixture.path("resize.png"))
      .resized(width: width, height: height, by: resampling)
    let wanted = try Fixture.picture("resize-\(resampling.rawValue)-\(width)x\(height).npy")
    #expect(try #require(picture.difference(from: wanted)) <= (resampling == .bilinear ? 1 : 0))
  }

  @Test func flatPicturesStayFlat() throws {
    let picture = try Picture(width: 7, height: 5, pixels: Array(repeating: 201, count: 105))
    for (width, height) in [(1, 1), (3, 9), (640, 2)] {
      #expect(try picture.resized(width: width, height: height).pixels.allSatisfy { $0 == 201 })
    }
  }

  @Test func sidesAreBounded() throws {
    let picture = try Picture(width: 1, height: 1, pixels: [1, 2, 3])
    for (width, height) in [(0, 1), (1, -1), (Int.max, 2), (1 << 20, 1 << 20)] {
      #expect(failure { try picture.resized(width: width, height: height) }?.kind == .malformed)
    }
  }

  @Test func cropKeepsTheCentre() throws {
    let picture = try Picture(width: 5, height: 1, pixels: (0..<15).map { UInt8($0) })
    #expect(try picture.centreCropped(width: 3, height: 4).pixels == Array(3..<12))
    // Margins of 1.5 and 0.5 pixels go to the even side, 2 and 0.
    #expect(try picture.centreCropped(width: 2, height: 1).pixels.first == 6)
    #expect(try picture.centreCropped(width: 4, height: 1).pixels.first == 0)
    #expect(failure { try picture.centreCropped(width: 0, height: 1) }?.kind == .malformed)
  }

  @Test func pictureChecksItsSamples() {
    #expect(failure { try Picture(width: 2, height: 2, pixels: [0]) }?.kind == .malformed)
    #expect(failure { try Picture(width: 0, height: 2, pixels: []) }?.kind == .malformed)
    #expect(failure { try Picture(width: .max, height: .max, pixels: []) }?.kind == .malformed)
  }
}
