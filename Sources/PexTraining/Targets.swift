import Foundation
import PexHeads
import PexTensor

/// Logits that heads learn to give, where labels do not say everything.
public struct Teacher: Sendable {
  /// Of the heads' classes, one row a sample.
  public var logits: LogitTable
  /// What both sides' logits are divided by when they are compared; positive. Above 1 the teacher's second thoughts count.
  public var temperature: Float
  /// The teacher's part in the loss of a sample that has a label, 0 to 1. The others learn from the teacher alone.
  public var mix: Float
  /// Whether what it finds most probable is learned as if it were a label, where there is none, and nothing else of it.
  public var isHard: Bool
  /// Whether every sample has a label, and held-out ones decide whether the teacher is listened to.
  public var isOptional = false

  /// A teacher.
  public init(logits: LogitTable, temperature: Float = 2, mix: Float = 0.5, isHard: Bool = false) {
    self.logits = logits
    self.temperature = temperature
    self.mix = mix
    self.isHard = isHard
  }
}

/// What the samples of a training should be answered: labels, a teacher's logits, or both.
///
/// With a teacher the loss of a sample is `(1 - mix) CE(label) + mix T² KL(teacher ‖ head)`, both distributions at the
/// temperature T (Hinton, Vinyals and Dean 2015, arXiv 1503.02531); a sample without a label has the second part alone, as
/// it is. Nothing flows back into the teacher.
package struct Targets: Sendable {
  /// A class for every sample; what the teacher says where there is no label.
  package let answers: [Int]
  /// Whether the answer of a sample is a label.
  package let isLabelled: [Bool]
  /// How often each class occurs; nil: one as often as another.
  package let prior: [Float]?
  /// The teacher whose logits are learned.
  private let teacher: Teacher?
  /// What is added to every row of logits, those of heads and the teacher's: logarithms of how often classes occur.
  private let logPrior: [Float]?

  /// Labels, and a teacher for what has none. Without a teacher a sample without a label counts as class 0; nobody trains
  /// on it.
  package init(labels: [Int?], teacher: Teacher? = nil, prior: [Float]? = nil) {
    let said = teacher.map { Predictions($0.logits).classes } ?? labels.map { _ in 0 }
    answers = zip(labels, said).map { $0 ?? $1 }
    isLabelled = labels.map { $0 != nil }
    self.teacher = teacher.flatMap { $0.isHard ? nil : $0 }
    self.prior = prior
    logPrior = prior.map { $0.map { log($0) } }
  }

  /// Replaces a sample's logits by the gradient of its loss times `scale`.
  package func gradient(_ logits: UnsafeMutableBufferPointer<Float>, _ sample: Int, scale: Float) {
    guard let teacher else {
      weigh(logits, temperature: 1)
      crossEntropyGradient(logits, label: answers[sample], scale: scale)
      return
    }
    let part = isLabelled[sample] ? teacher.mix : 1
    var soft = Array(logits)
    var wanted = Array(teacher.logits.row(sample))
    soft.withUnsafeMutableBufferPointer { probabilities($0, teacher.temperature) }
    wanted.withUnsafeMutableBufferPointer { probabilities($0, teacher.temperature) }
    if part < 1 {
      weigh(logits, temperature: 1)
      crossEntropyGradient(logits, label: answers[sample], scale: (1 - part) * scale)
    } else {
      logits.update(repeating: 0)
    }
    // The derivative of T² KL with respect to the logits is T (head - teacher).
    for index in logits.indices { logits[index] += part * scale * teacher.temperature * (soft[index] - wanted[index]) }
  }

  /// `logits / temperature + log(prior)`.
  private func weigh(_ logits: UnsafeMutableBufferPointer<Float>, temperature: Float) {
    guard let logPrior else {
      if temperature != 1 { for index in logits.indices { logits[index] /= temperature } }
      return
    }
    for index in logits.indices { logits[index] = logits[index] / temperature + logPrior[index] }
  }

  private func probabilities(_ logits: UnsafeMutableBufferPointer<Float>, _ temperature: Float) {
    weigh(logits, temperature: temperature)
    softmax(logits)
  }

  /// The mean loss of some samples with the given logits, one row each, whose prior is this one's.
  /// - Throws: as ``LogitTable/loss(_:temperature:)``.
  package func loss(_ logits: LogitTable, _ rows: [Int]) throws -> Double {
    guard let teacher else { return try logits.loss(rows.map { answers[$0] }) }
    guard logits.count == rows.count else {
      throw PexError(.defect, "\(logits.count) logits for \(rows.count) samples")
    }
    var sum = 0.0
    for (position, row) in rows.enumerated() {
      let part = Double(isLabelled[row] ? teacher.mix : 1)
      let head = logarithms(logits.row(position), 1)
      if part < 1 { sum -= (1 - part) * head[answers[row]] }
      let softHead = logarithms(logits.row(position), teacher.temperature)
      let softTeacher = logarithms(teacher.logits.row(row), teacher.temperature)
      let divergence = zip(softTeacher, softHead).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      sum += part * Double(teacher.temperature * teacher.temperature) * divergence
    }
    return rows.isEmpty ? 0 : sum / Double(rows.count)
  }

  /// Logarithms of `softmax(logits / temperature + log(prior))`.
  private func logarithms(_ logits: ArraySlice<Float>, _ temperature: Float) -> [Double] {
    var scaled = logits.map { Double($0 / temperature) }
    if let logPrior { for index in scaled.indices { scaled[index] += Double(logPrior[index]) } }
    let largest = scaled.max() ?? 0
    let total = log(scaled.reduce(0) { $0 + exp($1 - largest) }) + largest
    return scaled.map { $0 - total }
  }
}
