import PexData
import PexTensor
import Testing

@Suite struct PictureTests {
  @Test(arguments: [
    "rgb8", "rgb8-interlaced", "rgb8-alpha", "rgb16", "gray16", "gray8", "gray8-alpha", "gray8-key", "gray1",
    "gray2-interlaced", "palette4", "palette8-alpha",
  ])
  func pngIsDecodedExactly(name: String) throws {
    let picture = try Picture.load(path: Fixture.path("\(name).png"))
    #expect(try picture == Fixture.picture("\(name).npy"))
  }

  @Test(arguments: ["ycc420", "ycc444-progressive", "gray"])
  func jpegIsDecodedAsPillowDoes(name: String) throws {
    let picture = try Picture.load(path: Fixture.path("\(name).jpg"))
    let difference = try picture.difference(from: Fixture.picture("\(name).npy"))
    #expect(try #require(difference) <= 2)
  }

  @Test(arguments: (1...8).map { "orientation\($0).jpg" } + ["orientation6.png"])
  func orientationIsApplied(name: String) throws {
    let picture = try Picture.load(path: Fixture.path(name))
    let difference = try picture.difference(from: Fixture.picture("upright.npy"))
    #expect(try #require(difference) <= 12)
  }

  @Test func kindIsToldByContent() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/picture.jpg"])
      #expect(try Picture.load(path: "\(folder)/picture.jpg") == Fixture.picture("rgb8.npy"))
    }
  }

  @Test func missingFileIsUnreadable() {
    #expect(failure { try Picture.load(path: Fixture.path("absent.png")) }?.kind == .unreadable)
    #expect(failure { try Picture.load(path: Fixture.path("")) }?.kind == .unreadable)
  }
}
