import PexTensor

/// Which samples train heads and which are held out to choose epochs, temperatures and thresholds.
///
/// The same split serves every exit, so that held-out logits of different exits belong to the same samples.
public struct Split: Hashable, Sendable {
  /// Indices of the samples that train, rising.
  public let training: [Int]
  /// Indices of the samples that are held out, rising; empty when there are too few.
  public let validation: [Int]

  /// A split given by its indices.
  public init(training: [Int], validation: [Int]) {
    self.training = training
    self.validation = validation
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
        .malformed, "all \(total) labelled samples belong to one class", hint: "a head needs two classes to tell apart")
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
