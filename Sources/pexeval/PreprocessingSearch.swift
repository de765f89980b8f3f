import PexBundle
import PexConsole
import PexData
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

  private let session: Session
  private let data: LabelledData
  private let format: SampleFormat
  private let samples: [Int]

  /// - Throws: ``PexError`` (usage) when the bundle has no classifier, takes no pictures, or is given none.
  init(_ session: Session, _ data: LabelledData) throws {
    self.session = session
    self.data = data
    format = try session.model.bundle.contents.sampleFormat()
    guard session.model.bundle.graph.classifier.map({ $0.kind != .none }) ?? false else {
      throw PexError(.usage, "--suggest-preprocessing asks the model's own classifier, and this bundle has none")
    }
    let pictures = (0..<data.dataset.count).filter(data.dataset.isPicture)
    guard !pictures.isEmpty, [1, 3].contains(format.channels) else {
      throw PexError(.usage, "--suggest-preprocessing needs labelled pictures and a model of pictures")
    }
    let step = max(1, Double(pictures.count) / Double(Self.most))
    samples = (0..<min(pictures.count, Self.most)).map { pictures[min(Int(Double($0) * step), pictures.count - 1)] }
  }

  /// Tries all ways.
  /// - Returns: what each came to, best first, of equals what was tried first; the first one's options are whole.
  /// - Throws: ``PexError`` (malformed) when no picture can be read.
  func run(_ console: Console) throws -> [Outcome] {
    var outcomes = try measure([format.preprocessing], console)
    for further in [levels, sizes, resamplings] {
      guard let best = Self.best(outcomes) else { break }
      let known = Set(outcomes.map(\.preprocessing))
      outcomes += try measure(further(best.preprocessing).filter { !known.contains($0) }, console)
    }
    return outcomes.enumerated().sorted { ($1.element.right, $0.offset) < ($0.element.right, $1.offset) }.map(\.element)
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

  private func measure(_ ways: [Preprocessing], _ console: Console) throws -> [Outcome] {
    guard !ways.isEmpty else { return [] }
    let crew = try session.crew(for: samples.count, memory: FeatureBudget.standard)
    let pool = try ThreadPool(threads: crew.count)
    let answers = try pool.results(samples.count) { worker, index in
      try right(ways, samples[index], crew[worker])
    }
    let read = answers.compactMap { try? $0.get() }
    guard !read.isEmpty else {
      _ = try answers.first?.get()
      return []
    }
    return ways.enumerated().map { index, way in
      Outcome(
        options: PictureWords.options(way), preprocessing: way, right: read.filter { $0[index] }.count,
        count: read.count)
    }
  }

  /// Whether the model is right about a picture, way by way.
  private func right(_ ways: [Preprocessing], _ index: Int, _ session: Session) throws -> [Bool] {
    guard let picture = try data.dataset.picture(index) else { return ways.map { _ in false } }
    return try ways.map { way in
      let input = try way.tensor(
        from: picture, channels: format.channels, height: format.height, width: format.width)
      let logits = try session.run([input], .final).answering?.logits ?? []
      return logits.indices.max { logits[$0] < logits[$1] } == data.dataset.labels[index]
    }
  }
}
