import PexRuntime
import PexTraining

/// What one exit, or a policy, did on every sample.
struct ExitRecord {
  /// The answers' numbers in ``ClassNumbers``, one a sample.
  private(set) var classes: [Int] = []
  /// Their calibrated probabilities.
  private(set) var confidences: [Float] = []
  private var fraction = 0.0
  private var milliseconds = 0.0
  /// What was not answered, and what should not have been.
  private(set) var rejection = Rejection()

  /// Adds a sample.
  /// - Parameter truth: the name of its class.
  mutating func add(_ answer: Answer, _ truth: String?, _ numbers: inout ClassNumbers) {
    fraction += answer.macsFraction
    milliseconds += Double(answer.nanoseconds) / 1e6
    let isUnknown = truth.map { !(answer.classes ?? [$0]).contains($0) } ?? false
    rejection.add(isRejected: answer.isRejected, isUnknown: isUnknown)
    guard !answer.isRejected else { return add(nil, of: nil, &numbers) }
    add(answer.answering?.probabilities, of: answer.classes, &numbers)
  }

  /// Adds the most probable class, the first of equals; heads have class lists of their own, so names are compared.
  mutating func add(_ probabilities: [Float]?, of names: [String]?, _ numbers: inout ClassNumbers) {
    guard let probabilities, let names,
      let best = probabilities.indices.max(by: { (probabilities[$0], $1) < (probabilities[$1], $0) }),
      names.indices.contains(best)
    else {
      classes.append(numbers.none)
      return confidences.append(0)
    }
    classes.append(numbers.number(names[best]))
    confidences.append(probabilities[best])
  }

  /// Mean share of the model's multiply-accumulates.
  var meanFraction: Double { fraction / Double(max(classes.count, 1)) }
  /// Mean time.
  var meanMilliseconds: Double { milliseconds / Double(max(classes.count, 1)) }
  /// The answers, for measuring.
  func predictions() throws -> Predictions { try Predictions(classes: classes, confidences: confidences) }
}

/// How many samples were none of the classes, and how many of them an exit or a policy took for such.
struct Rejection {
  /// Samples that were rejected.
  private(set) var rejected = 0
  /// Samples of classes that the answering exit does not know.
  private(set) var unknown = 0
  /// Those of them that were rejected.
  private(set) var unknownRejected = 0

  mutating func add(isRejected: Bool, isUnknown: Bool) {
    if isRejected { rejected += 1 }
    if isUnknown { unknown += 1 }
    if isRejected && isUnknown { unknownRejected += 1 }
  }
}
