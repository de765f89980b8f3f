import PexBundle
import PexTensor

/// How a picture becomes the numbers that a model was trained on. Stored in the bundle.
///
/// A pixel's number is `(level * scale - mean) / standardDeviation`, where the level is 0...255.
public struct Preprocessing: Hashable, Sendable {
  /// The order of the channels in the model's input.
  public enum Channels: String, CaseIterable, Sendable {
    case rgb
    case bgr
    /// ITU-R 601 luma. A model of three channels gets it three times.
    case gray
  }

  /// Sides of a centre crop, in pixels.
  public struct Crop: Hashable, Sendable {
    /// Rows kept.
    public var height: Int
    /// Columns kept.
    public var width: Int

    /// A crop to `height` rows of `width` pixels.
    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// The length that the shorter side is resized to, keeping the proportions; nil leaves the picture as it is.
  public var resize: Int?
  /// What is kept around the centre after resizing; nil keeps everything.
  public var crop: Crop?
  /// The order of the channels.
  public var channels: Channels
  /// What levels are multiplied by.
  public var scale: Float
  /// Subtracted after scaling: one number for all channels, or one for each in the model's order.
  public var mean: [Float]
  /// Divided by at the end: one number for all channels, or one for each in the model's order. None is zero.
  public var standardDeviation: [Float]
  /// How the size is changed.
  public var resampling: Resampling
  /// Whether nobody said what levels become: they stay 0…255 for want of anything better.
  public var isAssumed: Bool

  /// The given steps; without any, the raw levels 0...255.
  public init(
    resize: Int? = nil, crop: Crop? = nil, channels: Channels = .rgb, scale: Float = 1, mean: [Float] = [0],
    standardDeviation: [Float] = [1], resampling: Resampling = .bilinearAntialias,
    isAssumed: Bool = false
  ) {
    self.resize = resize
    self.crop = crop
    self.channels = channels
    self.scale = scale
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.resampling = resampling
    self.isAssumed = isAssumed
  }

  /// The longest side that ``resize`` and ``crop`` may ask for, in pixels.
  public static let longestSide = 16384

  /// Checks that every field makes sense: sides 1...16384, numbers finite, no deviation of zero, one or three (or
  /// `channels`, if given) means and deviations.
  /// - Throws: ``PexError`` (malformed) naming the field.
  public func validate(channels count: Int? = nil) throws {
    for (name, side) in [("resize", resize), ("crop", crop?.height), ("crop", crop?.width)] {
      guard let side else { continue }
      guard (1...Self.longestSide).contains(side) else {
        throw PexError(.malformed, "preprocessing: expected \(name) of 1...\(Self.longestSide) pixels, found \(side)")
      }
    }
    guard scale.isFinite else { throw PexError(.malformed, "preprocessing: the scale is \(scale)") }
    for (name, numbers) in [("means", mean), ("standard deviations", standardDeviation)] {
      guard numbers.count == 1 || numbers.count == count ?? 3 else {
        throw PexError(.malformed, "preprocessing: expected 1 or \(count ?? 3) \(name), found \(numbers.count)")
      }
      guard numbers.allSatisfy(\.isFinite) else {
        throw PexError(.malformed, "preprocessing: the \(name) are \(numbers), expected finite numbers")
      }
    }
    guard !standardDeviation.contains(0) else {
      throw PexError(.malformed, "preprocessing: a standard deviation is 0")
    }
  }
}

extension Preprocessing {
  /// The presets' names, as `--preprocess` takes them.
  public static let presetNames = ["imagenet", "tf", "caffe", "unit", "none"]

  /// The preset of this name, or nil.
  public init?(preset name: String) {
    switch name {
    case "imagenet": self = .imagenet
    case "tf": self = .tf
    case "caffe": self = .caffe
    case "unit": self = .unit
    case "none": self = .none
    default: return nil
    }
  }

  /// Torchvision's: 0...1, less ImageNet's mean, over its standard deviation.
  public static let imagenet = Preprocessing(
    scale: 1 / 255, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
  /// Keras' "tf" mode: -1...1.
  public static let tf = Preprocessing(scale: 1 / 127.5, mean: [1])
  /// Keras' "caffe" mode: blue, green, red, 0...255 less ImageNet's mean.
  public static let caffe = Preprocessing(channels: .bgr, mean: [103.939, 116.779, 123.68])
  /// 0...1.
  public static let unit = Preprocessing(scale: 1 / 255)
  /// The raw levels, 0...255.
  public static let none = Preprocessing()
}
