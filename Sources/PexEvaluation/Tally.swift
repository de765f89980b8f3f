import PexTraining

/// What one exit, or a rule, answered for every sample.
struct Tally {
  /// The answers' numbers in ``ClassNumbers``, one a sample.
  private(set) var classes: [Int] = []
  /// Their calibrated probabilities.
  private(set) var confidences: [Float] = []
  /// What was not answered, and what should not have been.
  private(set) var rejection = Rejection()

  /// Adds a sample's answer.
  /// - Parameters:
  ///   - names: of all classes that could have been answered; nil when nobody named them.
  ///   - truth: the name of the sample's class.
  mutating func add(
    _ answer: ClassAnswer?, among names: [String]?, isRejected: Bool, _ truth: String?, _ numbers: inout ClassNumbers
  ) {
    let isUnknown = truth.map { truth in !(names?.contains(truth) ?? true) } ?? false
    rejection.add(isRejected: isRejected, isUnknown: isUnknown)
    guard let answer, !isRejected else {
      classes.append(numbers.none)
      return confidences.append(0)
    }
    classes.append(numbers.number(answer.name))
    confidences.append(answer.probability)
  }

  /// The answers, for measuring.
  func predictions() throws -> Predictions { try Predictions(classes: classes, confidences: confidences) }
}

/// The class that an exit finds most probable.
struct ClassAnswer {
  let name: String
  let probability: Float

  /// The most probable class, the first of equals; heads have class lists of their own, so names are compared. Nil when
  /// there is none, or nobody named it.
  init?(_ probabilities: [Float]?, of names: [String]?) {
    guard let probabilities, let names,
      let best = probabilities.indices.max(by: { (probabilities[$0], $1) < (probabilities[$1], $0) }),
      names.indices.contains(best)
    else { return nil }
    (name, probability) = (names[best], probabilities[best])
  }
}

/// How many samples were none of the classes, and how many of them an exit or a rule took for such.
public struct Rejection: Hashable, Sendable {
  /// Samples that were rejected.
  public private(set) var rejected = 0
  /// Samples of classes that the answering exit does not know.
  public private(set) var unknown = 0
  /// Those of them that were rejected.
  public private(set) var unknownRejected = 0

  mutating func add(isRejected: Bool, isUnknown: Bool) {
    if isRejected { rejected += 1 }
    if isUnknown { unknown += 1 }
    if isRejected && isUnknown { unknownRejected += 1 }
  }
}
