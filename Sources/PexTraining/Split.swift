import PexTensor

/// Which samples train heads and which are held out, to choose strengths and epochs by, temperatures and thresholds.
///
/// The same split serves every exit, so that held-out logits of different exits belong to the same samples.
public struct Split: Hashable, Sendable {
  /// Indices of the samples that train while strengths and epochs are chosen, rising.
  public let training: [Int]
  /// Indices of the samples that strengths and epochs are chosen by, rising; empty when there are too few.
  public let validation: [Int]
  /// Samples that are answered by a head that trained on none of them, part by part: ``validation``, and when the split
  /// is cross-fitted parts of ``training``, too. Empty when nothing is held out.
  public let parts: [[Int]]

  /// A split given by its indices.
  public init(training: [Int], validation: [Int]) {
    self.init(training: training, validation: validation, more: [])
  }

  private init(training: [Int], validation: [Int], more: [[Int]]) {
    self.training = training
    self.validation = validation
    parts = validation.isEmpty ? [] : [validation] + more
  }

  /// The samples of ``parts``, one part after the other: those that have held-out logits.
  public var held: [Int] { parts.flatMap { $0 } }
  /// Whether training samples have held-out logits as well.
  public var isCrossFitted: Bool { parts.count > 1 }

  /// All samples but those of one part, rising: what the head trains on that answers them.
  public func rest(of part: Int) -> [Int] {
    let answered = Set(parts[part])
    return (training + validation).filter { !answered.contains($0) }.sorted()
  }

  /// A split of the labelled samples, stratified by class: every class gives its share, rounded so that the whole comes
  /// out right; the seed decides which samples, and which classes give the odd ones.
  ///
  /// Every class keeps at least one sample for training, so a class of one sample is never held out. With fewer than two
  /// samples a class on average, nothing is held out: what is left would be too little for either purpose, and
  /// whoever uses the split falls back to fixed choices. Samples without a label belong to neither part.
  ///
  /// - Parameter fraction: the share to hold out, 0 to 0.5.
  /// - Throws: ``PexError``: usage when the fraction is out of range; malformed when fewer than two samples have
  ///   labels or all labels are the same.
  public static func stratified(labels: [Int?], fraction: Double = 0.2, seed: UInt64 = 0) throws -> Split {
    guard (0...0.5).contains(fraction) else {
      throw PexError(.usage, "the validation share must lie in 0...0.5, found \(fraction)")
    }
    let members = try Self.members(labels)
    let total = members.reduce(0) { $0 + $1.count }
    var generator = SplitMix64(seed: seed)
    let shuffled = members.map { samples in generator.permutation(samples.count).map { samples[$0] } }
    let taken = total < 2 * members.count ? members.map { _ in 0 } : shares(members, fraction, &generator)
    var (training, validation): ([Int], [Int]) = ([], [])
    for (samples, count) in zip(shuffled, taken) {
      validation += samples.prefix(count)
      training += samples.dropFirst(count)
    }
    return Split(training: training.sorted(), validation: validation.sorted())
  }

  /// The same split with the training samples dealt into parts of their own, every class as evenly as it goes: heads are
  /// trained once more for each part, and nearly all samples then choose temperatures and thresholds instead of a few
  /// (cross-fitting; Stone 1974).
  ///
  /// A class's only sample is in no part, since no head could know the class without it.
  ///
  /// - Parameter labels: one a sample of the table that the split speaks of.
  /// - Throws: ``PexError`` (defect) when a training sample has no label.
  public func crossFitted(labels: [Int?], seed: UInt64 = 0) throws -> Split {
    guard !validation.isEmpty else { return self }
    var classes: [Int: [Int]] = [:]
    for sample in training {
      guard labels.indices.contains(sample), let label = labels[sample] else {
        throw PexError(.defect, "the split names sample \(sample), which has no label")
      }
      classes[label, default: []].append(sample)
    }
    let elsewhere = Set(validation.compactMap { labels.indices.contains($0) ? labels[$0] : nil })
    var generator = SplitMix64(seed: seed)
    var more = [[Int]](repeating: [], count: Self.morePartsWhenCrossFitted)
    var dealt = 0
    for (label, samples) in classes.sorted(by: { $0.key < $1.key }) {
      guard samples.count > 1 || elsewhere.contains(label) else { continue }
      for place in generator.permutation(samples.count) {
        more[dealt % more.count].append(samples[place])
        dealt += 1
      }
    }
    return Split(
      training: training, validation: validation, more: more.filter { !$0.isEmpty }.map { $0.sorted() })
  }

  /// With a fifth held out all parts are as large.
  private static let morePartsWhenCrossFitted = 4

  /// The samples of every class that has any, in the order of the labels.
  private static func members(_ labels: [Int?]) throws -> [[Int]] {
    var classes: [Int: [Int]] = [:]
    for case (let sample, let label?) in labels.enumerated() { classes[label, default: []].append(sample) }
    let total = classes.values.reduce(0) { $0 + $1.count }
    guard total >= 2 else {
      throw PexError(.malformed, "training needs at least two labelled samples, found \(total)")
    }
    guard classes.count >= 2 else {
      throw PexError(
        .malformed, "all \(total) samples belong to one class", hint: "a head needs two classes to tell apart")
    }
    return classes.sorted { $0.key < $1.key }.map(\.value)
  }

  /// How many samples each class gives: largest remainders, ties in the order that the generator draws.
  private static func shares(_ members: [[Int]], _ fraction: Double, _ generator: inout SplitMix64) -> [Int] {
    let exact = members.map { Double($0.count) * fraction }
    var result = exact.map { Int($0) }
    let drawn = generator.permutation(members.count)
    let order = drawn.sorted { exact[$0] - Double(result[$0]) > exact[$1] - Double(result[$1]) }
    var missing = Int(exact.reduce(0, +).rounded()) - result.reduce(0, +)
    for index in order where missing > 0 && result[index] + 1 < members[index].count {
      result[index] += 1
      missing -= 1
    }
    return result
  }
}
