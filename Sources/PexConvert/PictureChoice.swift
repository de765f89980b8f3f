import PexBundle
import PexData
import PexGraph
import PexTensor

/// What a conversion writes of how pictures become inputs, and what the user should know of it.
struct PictureChoice {
  /// What the bundle stores; nil where nobody said anything and nothing need be guessed.
  let record: PreprocessingRecord?
  /// One line each.
  let warnings: [String]

  /// - Throws: ``PexError`` (usage) when what was asked for does not fit the model's input.
  init(_ options: ConversionOptions, _ source: ModelSource, _ graph: Graph) throws {
    let map = graph.pictureInput.flatMap { graph[$0.value].type.featureMap }
    var asked = options.preprocessing
    var isGuessed = false
    if case .imported(let model) = source {
      // Keras' load_img and ImageDataGenerator take the nearest pixel unless they are told otherwise.
      let usual: Resampling = model.source == .keras ? .nearest : .bilinearAntialias
      let takesPictures = map.map { $0.spatial.count == 2 && [1, 3].contains($0.channels) } ?? false
      if asked == nil, options.resampling != nil || usual != .bilinearAntialias && takesPictures {
        asked = Preprocessing(isAssumed: true)
      }
      asked?.resampling = options.resampling ?? usual
      isGuessed = asked != nil && options.resampling == nil && usual != .bilinearAntialias
    } else if case .bundle(let bundle) = source, let resampling = options.resampling {
      asked = asked ?? bundle.contents.preprocessing.map(Preprocessing.init) ?? Preprocessing(isAssumed: true)
      asked?.resampling = resampling
    }
    if let wanted = asked { asked = try Self.fitting(wanted, channels: map?.channels) }
    record = asked?.record
    let kept = if case .bundle(let bundle) = source { bundle.contents.preprocessing } else { PreprocessingRecord?.none }
    warnings = Self.warnings(record ?? kept, graph, resamplingIsGuessed: isGuessed)
  }

  /// The preprocessing with as many numbers as the model's input has channels.
  private static func fitting(_ preprocessing: Preprocessing, channels: Int?) throws -> Preprocessing {
    var result = preprocessing
    // One channel of a picture is its luma, whatever the order of three would be.
    if channels == 1 { result.channels = .gray }
    let numbers = max(result.mean.count, result.standardDeviation.count)
    if result.channels == .gray, numbers > 1 {
      throw PexError(
        .usage,
        "gray pictures have one channel, found \(result.mean.count) means and "
          + "\(result.standardDeviation.count) standard deviations",
        hint: "give one number: --mean 0.449 --std 0.226 are ImageNet's for gray pictures")
    }
    guard let channels else { return result }
    do { try result.validate(channels: channels) } catch let error as PexError {
      throw PexError(.usage, error.message, hint: "the model's input has \(channels) channels")
    }
    return result
  }

  private static func warnings(
    _ record: PreprocessingRecord?, _ graph: Graph, resamplingIsGuessed: Bool
  ) -> [String] {
    guard let map = graph.pictureInput.flatMap({ graph[$0.value].type.featureMap }), [1, 3].contains(map.channels)
    else { return [] }
    var warnings: [String] = []
    if record?.isAssumed ?? true {
      if let own = OwnNormalisation(graph) {
        if own.expectsUnitLevels {
          warnings.append(
            "pictures go in as 0…255, but the model's own arithmetic ('\(own.value)') seems to expect 0…1: "
              + "--preprocess unit says so, none that it is right")
        }
      } else {
        warnings.append(
          "pictures go in as 0…255, as nothing else was said: --preprocess imagenet, tf, caffe or unit, "
            + "or --mean and --std, as the network was trained; none says that it is right")
      }
    }
    if resamplingIsGuessed {
      warnings.append(
        "pictures of other sizes are resampled as Keras' load_img does (nearest): --resample says otherwise")
    }
    return warnings
  }
}
