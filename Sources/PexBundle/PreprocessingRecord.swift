import PexTensor

/// How pictures become inputs: what the bundle's maker says, and what heads were trained with.
public struct PreprocessingRecord: Hashable, Sendable {
  /// Which numbers of a pixel are taken, and in which order.
  public enum Channels: String, CaseIterable, Sendable { case rgb, bgr, gray }

  /// The shorter side is resized to this many pixels, 1…65536; nil leaves it.
  public var resize: Int?
  /// Height and width of the centre crop, 1…65536, both or neither.
  public var cropHeight: Int?
  /// See ``cropHeight``.
  public var cropWidth: Int?
  /// The channels.
  public var channels: Channels
  /// What a byte is multiplied with before the mean is taken off; positive and finite.
  public var scale: Float
  /// What is taken off every channel: as many finite numbers as channels, or none.
  public var mean: [Float]
  /// What every channel is divided by afterwards: as many positive numbers as channels, or none.
  public var standardDeviation: [Float]
  /// How the size is changed.
  public var resampling: Resampling
  /// Whether nobody said what levels become: they stay 0…255 for want of anything better.
  public var isAssumed: Bool

  /// A record.
  public init(
    resize: Int? = nil, cropHeight: Int? = nil, cropWidth: Int? = nil, channels: Channels = .rgb, scale: Float = 1,
    mean: [Float] = [], standardDeviation: [Float] = [], resampling: Resampling = .bilinearAntialias,
    isAssumed: Bool = false
  ) {
    self.resize = resize
    self.cropHeight = cropHeight
    self.cropWidth = cropWidth
    self.channels = channels
    self.scale = scale
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.resampling = resampling
    self.isAssumed = isAssumed
  }

  /// The version of the format that first had everything in the record.
  var since: UInt32 { resampling == .bilinearAntialias && !isAssumed ? 1 : 8 }

  /// The digest that heads carry of the preprocessing they were trained with; of "none" too. Whether it was only assumed
  /// changes no number, and so nothing here.
  /// - Throws: ``PexError`` (malformed) when a number is out of range.
  public static func digest(of record: PreprocessingRecord?) throws -> Digest {
    var writer = DigestWriter(tag: "pex.preprocessing.1")
    var message = try record.map { try $0.validated().message }
    message?.assumed = false
    writer.add(bytes: try message?.canonicalBytes(.preprocessing) ?? [])
    return writer.finish()
  }

  /// Checks every number.
  /// - Throws: ``PexError`` (malformed) naming the number.
  func validated() throws -> PreprocessingRecord {
    func require(_ holds: Bool, _ what: String, _ expected: String, _ found: String) throws {
      guard holds else {
        throw BundleFault.value(what, expected: expected, found: found).error(SectionKind.preprocessing.name)
      }
    }
    for (name, number) in [("resize", resize), ("crop height", cropHeight), ("crop width", cropWidth)] {
      try require(number.map((1...65536).contains) ?? true, name, "1…65536", number.map(String.init) ?? "nothing")
    }
    try require((cropHeight == nil) == (cropWidth == nil), "crop", "height and width", "one of them")
    try require(scale > 0 && scale.isFinite, "scale", "a positive number", "\(scale)")
    let count = channels == .gray ? 1 : 3
    try require([0, count].contains(mean.count) && mean.allSatisfy(\.isFinite), "mean", "\(count) numbers", "\(mean)")
    try require(
      [0, count].contains(standardDeviation.count) && standardDeviation.allSatisfy { $0 > 0 && $0.isFinite },
      "standard deviation", "\(count) positive numbers", "\(standardDeviation)")
    return self
  }

  var message: Pex_Preprocessing {
    var message = Pex_Preprocessing()
    if let resize { message.resize = UInt32(clamping: resize) }
    if let cropHeight { message.cropHeight = UInt32(clamping: cropHeight) }
    if let cropWidth { message.cropWidth = UInt32(clamping: cropWidth) }
    message.channels = channels.rawValue
    message.scale = scale
    message.mean = mean
    message.standardDeviation = standardDeviation
    // What was always done has no word, so that it is written in one way.
    if resampling != .bilinearAntialias { message.resampling = resampling.rawValue }
    message.assumed = isAssumed
    return message
  }

  init(_ message: Pex_Preprocessing) throws {
    resize = message.hasResize ? Int(message.resize) : nil
    cropHeight = message.hasCropHeight ? Int(message.cropHeight) : nil
    cropWidth = message.hasCropWidth ? Int(message.cropWidth) : nil
    channels = try word(message.channels, "channels", SectionKind.preprocessing.name)
    scale = message.scale
    mean = message.mean
    standardDeviation = message.standardDeviation
    resampling =
      message.resampling.isEmpty
      ? .bilinearAntialias : try word(message.resampling, "resampling", SectionKind.preprocessing.name)
    isAssumed = message.assumed
    guard message.resampling != Resampling.bilinearAntialias.rawValue else {
      throw BundleFault.notCanonical.error(SectionKind.preprocessing.name)
    }
    _ = try validated()
  }
}

/// The choice that a word of a file names.
/// - Throws: ``PexError`` (unsupported): a newer version may have further choices.
func word<Choice: RawRepresentable & CaseIterable>(_ word: String, _ what: String, _ section: String) throws -> Choice
where Choice.RawValue == String {
  if let choice = Choice(rawValue: word) { return choice }
  let known = Choice.allCases.map(\.rawValue).joined(separator: "|")
  throw PexError(
    .unsupported, "\(section): \(what): expected \(known), found '\(word)'", hint: "a newer pex may know it")
}
