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

  /// Runs the trunk once over every sample, no deeper than needed.
  /// - Parameters:
  ///   - plans: the heads; of how many classes does not matter yet.
  ///   - progress: called after every sample with how many are done.
  init(
    _ session: Session, _ plans: [HeadPlan], _ source: TrainingSamples, wantsFinal: Bool, progress: (Int) -> Void
  ) throws {
    var features: [Int: FeatureTable] = [:]
    var maps: [Int: TapTable] = [:]
    for plan in plans {
      let specification = plan.specification
      switch specification.kind {
      case .linear:
        features[plan.exit] = try FeatureTable(tap: "exit \(plan.exit)", width: specification.featureCount)
        features[plan.exit]?.reserve(source.count)
      case .conv:
        maps[plan.exit] = try TapTable(
          tap: "exit \(plan.exit)", channels: specification.channels, spatial: specification.spatial)
        maps[plan.exit]?.reserve(source.count)
      }
    }
    var final: [Float] = []
    let channels = Dictionary(plans.map { ($0.exit, $0.specification.channels) }) { first, _ in first }
    for index in 0..<source.count {
      let inputs = try source.inputs(index)
      let logits = try session.taps(inputs, at: plans.map(\.exit), toTheEnd: wantsFinal) { exit, tap in
        if maps[exit] != nil { return try maps[exit]?.append(tap, label: nil) ?? () }
        var row = [Float](repeating: 0, count: 2 * (channels[exit] ?? 0))
        row.withUnsafeMutableBufferPointer { poolFeatures(tap, channels: channels[exit] ?? 0, into: $0) }
        try features[exit]?.append(row, label: nil)
      }
      final += logits ?? []
      progress(index + 1)
    }
    for plan in plans {
      if let table = features[plan.exit] { samples.append(.features(table)) }
      if let table = maps[plan.exit] { samples.append(.taps(table)) }
    }
    if wantsFinal, source.count > 0, !final.isEmpty {
      finalLogits = try LogitTable(classes: final.count / source.count, values: final)
    }
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
