import PexBundle
import PexGraph
import PexHeads
import PexRuntime
import PexTensor

/// Samples as training meets them: how many there are, and a way to get each.
public struct TrainingSamples {
  /// How many.
  public let count: Int
  /// The label of every sample: the number of its class among the base model's, or nil.
  public let labels: [Int?]
  /// The inputs of one sample, with a batch of one.
  public let inputs: (Int) throws -> [Tensor]

  /// Samples.
  public init(labels: [Int?], inputs: @escaping (Int) throws -> [Tensor]) {
    count = labels.count
    self.labels = labels
    self.inputs = inputs
  }
}

/// What the heads of one training read: one pass over the trunk for every sample, and no pass afterwards.
struct TapCache {
  /// What each head reads, in the order of the plans.
  private(set) var samples: [HeadTrainer.Samples] = []
  /// The final classifier's logits, when they were asked for, one row a sample.
  private(set) var finalLogits: LogitTable?
  private var features: [Int: FeatureTable] = [:]
  private var maps: [Int: TapTable] = [:]

  /// Runs the trunk once over every sample, no deeper than needed.
  /// - Parameters:
  ///   - plans: the heads; of how many classes does not matter yet.
  ///   - progress: called after every sample with how many are done.
  init(
    _ session: Session, _ plans: [HeadPlan], _ source: TrainingSamples, wantsFinal: Bool, progress: (Int) -> Void
  ) throws {
    for plan in plans {
      let specification = plan.specification
      guard specification.kind != .conv else {
        maps[plan.exit] = try TapTable(
          tap: "exit \(plan.exit)", channels: specification.channels, spatial: specification.spatial)
        maps[plan.exit]?.reserve(source.count)
        continue
      }
      let own = EarlierTap(exit: plan.exit, channels: specification.channels)
      for tap in specification.earlier + [own] where features[tap.exit] == nil {
        features[tap.exit] = try FeatureTable(tap: "exit \(tap.exit)", width: 2 * tap.channels)
        features[tap.exit]?.reserve(source.count)
      }
    }
    var final: [Float] = []
    let exits = Set(features.keys).union(maps.keys)
    for index in 0..<source.count {
      let inputs = try source.inputs(index)
      let logits = try session.taps(inputs, at: Array(exits), toTheEnd: wantsFinal) { exit, tap in
        try maps[exit]?.append(tap, label: nil)
        guard let width = features[exit]?.width else { return }
        var row = [Float](repeating: 0, count: width)
        row.withUnsafeMutableBufferPointer { poolFeatures(tap, channels: width / 2, into: $0) }
        try features[exit]?.append(row, label: nil)
      }
      final += logits ?? []
      progress(index + 1)
    }
    for plan in plans {
      if let table = maps[plan.exit] {
        samples.append(.taps(table))
      } else {
        let taps = plan.specification.earlier.map(\.exit) + [plan.exit]
        samples.append(.features(try FeatureTable(joining: taps.compactMap { features[$0] })))
      }
    }
    if wantsFinal, source.count > 0, !final.isEmpty {
      finalLogits = try LogitTable(classes: final.count / source.count, values: final)
    }
  }

  /// The pooled features of a head's own tap.
  func pooled(_ plan: HeadPlan) throws -> FeatureTable {
    if let table = features[plan.exit] { return table }
    guard let maps = maps[plan.exit] else { throw PexError(.defect, "exit \(plan.exit) was not kept") }
    return try maps.pooled()
  }

  /// What each head reads, with labels.
  func labelled(_ labels: [Int?]) throws -> [HeadTrainer.Samples] {
    try samples.map { samples in
      switch samples {
      case .features(var table):
        try table.relabel(labels)
        return .features(table)
      case .taps(var table):
        try table.relabel(labels)
        return .taps(table)
      }
    }
  }
}
