import PexBundle
import PexData
import PexGraph
import PexTensor

/// Everything that is done to a picture before a bundle's network sees it, in words and in JSON.
public struct PictureWords {
  private let preprocessing: Preprocessing
  private let isRecorded: Bool
  private let format: SampleFormat
  private let own: OwnNormalisation?

  /// Nil for a bundle that takes no pictures.
  public init?(_ contents: BundleContents) {
    guard let format = try? contents.sampleFormat(besideOthers: true), [1, 3].contains(format.channels) else {
      return nil
    }
    self.format = format
    isRecorded = contents.preprocessing.map { !$0.isAssumed } ?? false
    preprocessing = format.preprocessing
    own = OwnNormalisation(contents.trunk.graph)
  }

  /// One line.
  public var line: String {
    var steps: [String] = []
    if let side = preprocessing.resize { steps.append("shorter side to \(side)") }
    if let crop = preprocessing.crop { steps.append("centre \(crop.height)x\(crop.width)") }
    if isStretched { steps.append("stretched to \(format.height)x\(format.width)") }
    steps.append("resampled by \(preprocessing.resampling.rawValue)")
    steps.append(format.channels == 1 ? "gray" : preprocessing.channels.rawValue)
    steps.append(levels)
    return steps.joined(separator: ", ")
  }

  private var levels: String {
    var words = "levels 0…255"
    if preprocessing.scale != 1 { words += " times \(preprocessing.scale)" }
    if preprocessing.mean.contains(where: { $0 != 0 }) { words += ", less \(list(preprocessing.mean))" }
    if preprocessing.standardDeviation.contains(where: { $0 != 1 }) {
      words += ", divided by \(list(preprocessing.standardDeviation))"
    }
    if let own { words += ", then the model's own arithmetic ('\(own.value)')" }
    return isRecorded || own != nil ? words : words + " as they are, for want of anything said (--preprocess)"
  }

  private func list(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }

  /// Whether a picture may lose its proportions: nothing is cut off it, or not to the model's size.
  private var isStretched: Bool {
    preprocessing.crop.map { $0.height != format.height || $0.width != format.width } ?? true
  }

  /// The same as members of an object.
  public var json: JSON {
    .members([
      "resize": .optional(preprocessing.resize, JSON.integer),
      "crop": .optional(preprocessing.crop) { .array([.integer($0.height), .integer($0.width)]) },
      "stretch": isStretched ? .array([.integer(format.height), .integer(format.width)]) : .null,
      "resampling": .string(preprocessing.resampling.rawValue),
      "channels": .string(format.channels == 1 ? "gray" : preprocessing.channels.rawValue),
      "scale": .exact(preprocessing.scale), "mean": .array(preprocessing.mean.map(JSON.exact)),
      "std": .array(preprocessing.standardDeviation.map(JSON.exact)), "recorded": .bool(isRecorded),
      "own_normalisation": .optional(own?.value, JSON.string),
    ])
  }
}

extension PictureWords {
  /// The options of `pexconvert` that make pictures inputs in this way.
  public static func options(_ way: Preprocessing) -> String {
    var options: [String] = []
    let preset = Preprocessing.presetNames.first { name in
      Preprocessing(preset: name).map {
        $0.scale == way.scale && $0.mean == way.mean && $0.standardDeviation == way.standardDeviation
      } ?? false
    }
    func list(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
    if let preset {
      options.append("--preprocess \(preset)")
    } else {
      options.append("--scale \(way.scale) --mean \(list(way.mean)) --std \(list(way.standardDeviation))")
    }
    let usual = preset.flatMap { Preprocessing(preset: $0) }?.channels ?? .rgb
    if way.channels != usual { options.append("--channels \(way.channels.rawValue)") }
    if let side = way.resize { options.append("--resize \(side)") }
    if let crop = way.crop {
      options.append(crop.height == crop.width ? "--crop \(crop.height)" : "--crop \(crop.height)x\(crop.width)")
    }
    options.append("--resample \(way.resampling.rawValue)")
    return options.joined(separator: " ")
  }
}

extension Console {
  /// Warns where pictures meet a bundle of which nobody said what they become, and whose network does not scale them itself.
  public func warnAboutLevels(_ contents: BundleContents) {
    guard contents.preprocessing?.isAssumed ?? true, OwnNormalisation(contents.trunk.graph) == nil else { return }
    warn(
      "pictures go in as 0…255, since the bundle does not say what they become: convert it again with --preprocess imagenet, "
        + "tf, caffe, unit or none; pexeval --suggest-preprocessing tells which does best on labelled pictures")
  }
}
