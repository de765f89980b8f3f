import PexBundle
import PexConsole
import PexData
import PexGraph
import PexRuntime
import PexTensor
import PexTraining

/// Tries the usual ways in which pictures become inputs on labelled pictures: first what levels become, then sizes, then
/// resampling, each with the best of what was tried before.
struct PreprocessingSearch {
  /// One way, and how often the model's own classifier is right with it.
  struct Outcome {
    /// As `pexconvert` takes it.
    let options: String
    let preprocessing: Preprocessing
    let right: Int
    let count: Int

    var accuracy: Double { count == 0 ? 0 : Double(right) / Double(count) }
  }

  /// So many pictures tell enough.
  private static let most = 200

  private let data: LabelledData
  private let format: SampleFormat
  private let samples: [Int]
  /// One a thread.
  private let crew: [Session]
  private let pool: ThreadPool

  /// - Throws: ``PexError``: (usage) when the bundle has no classifier, takes no pictures, or is given none; (malformed) when
  ///   no picture is of a class that the classifier knows.
  init(_ session: Session, _ data: LabelledData, _ console: Console) throws {
    self.data = data
    format = try session.model.bundle.contents.sampleFormat()
    let trunk = session.model.bundle.contents.trunk
    guard let classes = trunk.classCount, trunk.graph.classifier?.kind != OutputKind.none else {
      throw PexError(.usage, "--suggest-preprocessing asks the model's own classifier, and this bundle has none")
    }
    let pictures = (0..<data.dataset.count).filter(data.dataset.isPicture)
    guard !pictures.isEmpty, [1, 3].contains(format.channels) else {
      throw PexError(.usage, "--suggest-preprocessing needs labelled pictures and a model of pictures")
    }
    let known = pictures.filter { data.dataset.labels[$0].map { $0 < classes } ?? false }
    guard !known.isEmpty else {
      throw PexError(
        .malformed,
        "none of \(pictures.count) pictures is of a class that the model knows, so it can be right about none",
        hint: "name the folders as the model's classes, or give the bundle their names: pexconvert --labels FILE")
    }
    if known.count < pictures.count {
      console.warn(
        "\(pictures.count - known.count) of \(pictures.count) pictures are of classes that the model does not know, and tell "
          + "nothing here")
    }
    let step = max(1, Double(known.count) / Double(Self.most))
    samples = (0..<min(known.count, Self.most)).map { known[min(Int(Double($0) * step), known.count - 1)] }
    crew = try session.crew(for: samples.count, memory: FeatureBudget.standard)
    pool = try ThreadPool(threads: crew.count)
  }

  /// Tries all ways.
  /// - Returns: what each came to, best first, of equals what was tried first; and why pictures were left out.
  /// - Throws: ``PexError`` (malformed) when no picture can be read.
  func run() throws -> ([Outcome], leftOut: [UnreadableSample]) {
    var (outcomes, leftOut) = try measure([format.preprocessing])
    for further in [levels, sizes, resamplings] {
      guard let best = Self.best(outcomes) else { break }
      let known = Set(outcomes.map(\.preprocessing))
      outcomes += try measure(further(best.preprocessing).filter { !known.contains($0) }).outcomes
    }
    let sorted = outcomes.enumerated().sorted { ($1.element.right, $0.offset) < ($0.element.right, $1.offset) }
    return (sorted.map(\.element), leftOut)
  }

  private static func best(_ outcomes: [Outcome]) -> Outcome? {
    // Of equals the first: a later one changed something for nothing.
    outcomes.reduce(nil) { best, next in best.map { next.right > $0.right ? next : $0 } ?? next }
  }

  /// The presets, with channels both ways round.
  private func levels(_ current: Preprocessing) -> [Preprocessing] {
    func with(_ levels: Preprocessing, _ channels: Preprocessing.Channels) -> Preprocessing {
      var result = current
      (result.scale, result.mean, result.standardDeviation) = (levels.scale, levels.mean, levels.standardDeviation)
      (result.channels, result.isAssumed) = (channels, false)
      return result
    }
    guard format.channels == 3 else {
      let gray = Preprocessing(scale: 1 / 255, mean: [0.449], standardDeviation: [0.226])
      return [.unit, .tf, gray, .none].map { with($0, .gray) }
    }
    return [.imagenet, .unit, .tf, .none].flatMap { [with($0, .rgb), with($0, .bgr)] }
      + [with(.caffe, .bgr), with(Preprocessing(mean: Preprocessing.caffe.mean.reversed()), .rgb)]
  }

  private func sizes(_ best: Preprocessing) -> [Preprocessing] {
    let short = min(format.height, format.width)
    let crop = Preprocessing.Crop(height: format.height, width: format.width)
    return [(nil, nil), (short, crop), (short * 256 / 224, crop)].map { resize, crop in
      var result = best
      (result.resize, result.crop) = (resize, crop)
      return result
    }
  }

  private func resamplings(_ best: Preprocessing) -> [Preprocessing] {
    Resampling.allCases.map { resampling in
      var result = best
      result.resampling = resampling
      return result
    }
  }

  private func measure(_ ways: [Preprocessing]) throws -> (outcomes: [Outcome], leftOut: [UnreadableSample]) {
    let answers = try pool.results(samples.count) { worker, index in
      try right(ways, samples[index], crew[worker])
    }
    var (read, leftOut): ([[Bool]], [UnreadableSample]) = ([], [])
    for answer in answers {
      do { read.append(try answer.get()) } catch let error as UnreadableSample { leftOut.append(error) }
    }
    if read.isEmpty, let first = leftOut.first { throw first.reason }
    let outcomes = ways.enumerated().map { index, way in
      Outcome(
        options: PictureWords.options(way), preprocessing: way, right: read.count { $0[index] }, count: read.count)
    }
    return (outcomes, leftOut)
  }

  /// Whether the model is right about a picture, way by way.
  private func right(_ ways: [Preprocessing], _ index: Int, _ session: Session) throws -> [Bool] {
    let picture = try picture(index)
    return try ways.map { way in
      let input = try way.tensor(
        from: picture, channels: format.channels, height: format.height, width: format.width)
      let logits = try session.run([input], .final).answering?.logits ?? []
      return logits.indices.max { logits[$0] < logits[$1] } == data.dataset.labels[index]
    }
  }

  private func picture(_ index: Int) throws -> Picture {
    do {
      if let picture = try data.dataset.picture(index) { return picture }
    } catch let error as PexError where [.malformed, .unreadable].contains(error.kind) {
      throw UnreadableSample(data.dataset.name(index), error)
    }
    let name = data.dataset.name(index)
    throw UnreadableSample(name, PexError(.malformed, "\(name): is an array, expected a picture"))
  }
}
