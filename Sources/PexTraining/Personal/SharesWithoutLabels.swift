import PexBundle
import PexRuntime
import PexTensor

/// How often a person meets each class, as far as the model's own answers may say so.
///
/// Answers about pictures unlike those that the model was made for are wrong in ways that no estimator of shares repairs: then,
/// and where nobody stored what ordinary pictures look like, all classes stay as likely as they were.
struct SharesWithoutLabels {
  /// Logits are divided by this: samples are nearly counted by their answers.
  private static let temperature: Float = 0.25
  /// So many samples of every class are added: no class is ever excluded.
  private static let pseudoCount = 0.1
  /// One class that fills a day must not take the others' pictures on the next.
  private static let mostTimes: Float = 2

  /// Whether the pictures look like those that the model was made for; nil where nothing could tell.
  let test: ShiftTest?
  private let shares: ClassPrior
  private let isEvened: Bool

  /// Nobody could say.
  static let unknown = "the model has no classifier that could say which classes there are"

  /// - Parameter classes: those that are known to be there; nil for any.
  /// - Returns: nil when the classifier was not asked.
  init?(_ model: Model, _ cache: TapCache, classes: [Int]?) throws {
    guard let logits = cache.finalLogits else { return nil }
    let seen = try ClassPrior(estimating: logits, temperature: Self.temperature, pseudoCount: Self.pseudoCount)
    shares = try seen.evened(atMost: Self.mostTimes)
    isEvened = shares != seen
    guard let record = model.bundle.contents.reference, let table = cache.table(.pooled, at: record.exit)?.table else {
      test = nil
      return
    }
    let known = classes.map { $0.filter { $0 < logits.classes } } ?? []
    var expected = try ClassPrior(estimating: logits, pseudoCount: Self.pseudoCount).shares
    if !known.isEmpty {
      let told = try ClassPrior(estimating: logits.limited(to: known), pseudoCount: Self.pseudoCount).shares
      expected = [Float](repeating: 0, count: logits.classes)
      for (number, share) in zip(known, told) { expected[number] = share }
    }
    test = try ShiftTest(try record.reference(), table, logits, shares: expected)
  }

  /// The shares, where they may be trusted.
  var trusted: ClassPrior? { test?.isShifted == false ? shares : nil }

  /// What was assumed, in a line.
  var note: String? {
    guard let test else {
      return
        "the bundle does not say what ordinary pictures look like (pexconvert --calibrate), so all classes stay as likely "
        + "as they were"
    }
    guard test.isShifted else {
      return isEvened
        ? "one class has most of these pictures; it is taken to come at most twice as often as the next" : nil
    }
    return
      "these pictures are others than those that the model was made for (\(test.figures)), so all classes stay as likely "
      + "as they were"
  }
}
