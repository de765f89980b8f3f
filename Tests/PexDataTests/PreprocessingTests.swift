import PexData
import PexTensor
import Testing

@Suite struct PreprocessingTests {
  private static func pixel() throws -> Picture { try Picture(width: 1, height: 1, pixels: [255, 51, 0]) }

  @Test(arguments: [
    ("imagenet", [2.2489083, -1.1428571, -1.8044444]), ("tf", [1, -0.6, -1]), ("caffe", [-103.939, -65.779, 131.32]),
    ("unit", [1, 0.2, 0]), ("none", [255, 51, 0]),
  ])
  func presetsGiveKnownNumbers(name: String, expected: [Float]) throws {
    let preset = try #require(Preprocessing(preset: name))
    let tensor = try preset.tensor(from: Self.pixel(), channels: 3, height: 1, width: 1)
    #expect(tensor.shape.dimensions == [1, 3, 1, 1])
    for (found, wanted) in zip(tensor.floats, expected) { #expect(abs(found - wanted) < 1e-4) }
  }

  @Test func everyPresetHasItsName() {
    #expect(Preprocessing.presetNames.allSatisfy { Preprocessing(preset: $0) != nil })
    #expect(Preprocessing(preset: "ImageNet") == nil)
  }

  @Test func lumaIsPillows() throws {
    let picture = try Picture.load(path: Fixture.path("resize.png"))
    let luma = try Npy.read(path: Fixture.path("luma.npy"))
    for preprocessing in [Preprocessing(channels: .gray), Preprocessing.none] {
      let tensor = try preprocessing.tensor(from: picture, channels: 1, height: 23, width: 37)
      #expect(tensor.floats == luma.floats)
    }
    let tripled = try Preprocessing(channels: .gray).tensor(from: picture, channels: 3, height: 23, width: 37)
    #expect(tripled.floats == luma.floats + luma.floats + luma.floats)
  }

  @Test func resizeThenCropThenFit() throws {
    let picture = try Picture.load(path: Fixture.path("resize.png"))
    let preprocessing = Preprocessing(resize: 46, crop: .init(height: 40, width: 40))
    let cropped = try picture.resized(width: 74, height: 46).centreCropped(width: 40, height: 40)
    #expect(
      try preprocessing.tensor(from: picture, channels: 3, height: 40, width: 40)
        .isIdentical(to: Preprocessing.none.tensor(from: cropped, channels: 3, height: 40, width: 40)))
    #expect(
      try preprocessing.tensor(from: picture, channels: 3, height: 8, width: 9)
        .isIdentical(
          to: Preprocessing.none.tensor(
            from: cropped.resized(width: 9, height: 8), channels: 3, height: 8, width: 9)))
  }

  /// 30 * 37 / 23 = 48.3 and 40 * 37 / 23 = 64.3, 31 * 37 / 23 = 49.9.
  @Test(arguments: [(30, 48), (40, 64), (31, 50)])
  func theLongerSideIsRoundedToNearest(short: Int, long: Int) throws {
    let picture = try Picture.load(path: Fixture.path("resize.png"))
    let resized = try picture.resized(width: long, height: short)
    #expect(
      try Preprocessing(resize: short).tensor(from: picture, channels: 3, height: short, width: long)
        .isIdentical(to: Preprocessing.none.tensor(from: resized, channels: 3, height: short, width: long)))
  }

  @Test(arguments: [
    Preprocessing(resize: 0), Preprocessing(resize: 1 << 40), Preprocessing(crop: .init(height: 1, width: -1)),
    Preprocessing(scale: .nan), Preprocessing(mean: []), Preprocessing(mean: [1, 2]), Preprocessing(mean: [.infinity]),
    Preprocessing(standardDeviation: [1, 0, 1]), Preprocessing(standardDeviation: []),
  ])
  func unsoundFieldsAreRefused(preprocessing: Preprocessing) {
    #expect(failure { try preprocessing.validate() }?.kind == .malformed)
    #expect(
      failure { try preprocessing.tensor(from: Self.pixel(), channels: 3, height: 1, width: 1) }?.kind == .malformed)
  }

  @Test func channelCountsAreChecked() {
    #expect(
      failure { try Preprocessing.none.tensor(from: Self.pixel(), channels: 2, height: 1, width: 1) }?.kind
        == .malformed)
    #expect(
      failure { try Preprocessing.imagenet.tensor(from: Self.pixel(), channels: 1, height: 1, width: 1) }?.kind
        == .malformed)
  }

  @Test func extremeProportionsAreRefusedBeforeResizing() throws {
    let strip = try Picture(width: 60000, height: 1, pixels: Array(repeating: 0, count: 180_000))
    #expect(
      failure { try Preprocessing(resize: 16384).tensor(from: strip, channels: 3, height: 1, width: 1) }?.kind
        == .malformed)
  }
}
