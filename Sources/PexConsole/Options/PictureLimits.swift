import ArgumentParser
import PexData
import PexTensor

/// How large pictures may be.
public struct PictureLimits: ParsableArguments {
  /// The most pixels of a picture that is decoded.
  @Option(
    help: ArgumentHelp(
      "The most pixels that a picture may have: what has more is refused before it is decoded. A pixel takes up to ten bytes of memory.",
      valueName: "number"))
  public var pixelLimit = Picture.defaultPixelLimit

  /// The limit as the command line gives it.
  public init() {}

  /// Checks the number.
  /// - Throws: ``PexError`` (usage) when it is out of range.
  public func check() throws {
    guard (1...Picture.largestPixelLimit).contains(pixelLimit) else {
      throw PexError(.usage, "--pixel-limit \(pixelLimit): expected 1…\(Picture.largestPixelLimit)")
    }
  }
}
