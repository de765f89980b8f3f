import PexBundle
import PexHeads
import PexRuntime
import PexTensor

extension ExitStatistics {
  /// Below this many pictures a class one class stands for all.
  private static let fewestPerClass = 5
  /// The fewest pictures that say anything.
  private static let fewest = 50
  /// The share of the variance that may stay in the diagonal: half of these features are maxima, which follow from the others.
  private static let unexplained = 0.01

  /// What a model's answers and its last features look like on some pictures. They should have trained nothing: the model is
  /// surer of pictures that it has seen than it ever is of others. Labels are not asked for.
  /// - Returns: the statistics, and the samples that could not be read.
  /// - Throws: ``PexError``: (malformed) when the model has no classifier or exit point, or there are too few pictures; as
  ///   ``PersonalTraining/run(_:limits:progress:)``.
  public static func reference(
    _ session: Session, _ samples: TrainingSamples, progress: (Int) -> Void = { _ in }
  ) throws -> (statistics: ExitStatistics, skipped: [UnreadableSample]) {
    let model = session.model
    guard let logits = TapColumn(logitsOf: model),
      let exit = model.bundle.contents.trunk.exitPoints.last(where: { !$0.isNamed })?.number
    else { throw PexError(.malformed, "the model has no classifier whose answers could be a reference") }
    guard samples.count >= fewest else {
      throw PexError(.malformed, "a reference takes at least \(fewest) pictures, found \(samples.count)")
    }
    let columns = [try TapColumn(.pooled, exit: exit, in: model), logits]
    let cache = try TapCache(
      session, columns, samples, storage: FeatureStorage(), limits: TrainingLimits(), progress: progress)
    guard let table = cache.table(.pooled, at: exit)?.table, let answers = cache.finalLogits else {
      throw PexError(.defect, "a reference without features")
    }
    let predictions = Predictions(answers)
    let isCoarse = table.count < fewestPerClass * answers.classes
    let classes = isCoarse ? 1 : answers.classes
    let labels = isCoarse ? predictions.classes.map { _ in 0 } : predictions.classes
    var sums = [Double](repeating: 0, count: 2 * classes)
    var counts = [Double](repeating: 0, count: classes)
    for (label, confidence) in zip(labels, predictions.confidences) {
      counts[label] += 1
      sums[2 * label] += Double(confidence)
      sums[2 * label + 1] += Double(confidence) * Double(confidence)
    }
    let overall = (sums.enumerated().filter { $0.offset % 2 == 0 }.reduce(0) { $0 + $1.element }) / Double(table.count)
    for index in sums.indices {
      let count = counts[index / 2]
      // A class that nothing was taken for is as sure as the others.
      sums[index] = count > 0 ? sums[index] / count : index % 2 == 0 ? overall : overall * overall
    }
    let features = try FeatureStatistics(of: table, labels: labels, classes: classes, unexplained: unexplained)
    return (
      ExitStatistics(
        exit: exit,
        try ReferenceStatistics(features, sureness: Tensor([classes, 2], sums.map { Float(min(1, max(0, $0))) }))),
      cache.unreadable.sorted { $0.key < $1.key }.map(\.value)
    )
  }
}
