import PexHeads
import PexTensor

/// A convolutional head in training on taps that are kept.
struct ConvTrainer: Trainer {
  private var trainer: BranchTrainer
  private let specification: HeadSpecification
  private let taps: TapTable
  private let targets: Targets

  /// - Parameters:
  ///   - rows: the samples that the scale of taps and the standardisation of features are taken from.
  ///   - start: the head to start from and to be pulled towards: the base head, or a random one.
  /// - Throws: ``PexError``: malformed when `rows` is empty, defect when taps do not fit the head.
  init(
    _ taps: TapTable, _ targets: Targets, rows: [Int], start: Head, optimizer: TrainingOptions.Optimizer
  ) throws {
    specification = start.specification
    guard taps.channels == specification.channels, taps.spatial == specification.spatial,
      let branch = try start.convolutions()
    else {
      throw PexError(.defect, "taps of \(taps.channels) channels over \(taps.spatial) do not fit the head")
    }
    (self.taps, self.targets) = (taps, targets)
    let numbers = start.parameters(at: start.temperature).suffix(2)
    trainer = try BranchTrainer(
      specification, branch: branch, readout: numbers.first.map { (weight: $0, bias: numbers[numbers.endIndex - 1]) },
      samples: rows, Self.source(taps), optimizer: optimizer)
  }

  private static func source(_ taps: TapTable) -> BranchTrainer.Source {
    { row, body in
      try taps.row(row).withUnsafeBufferPointer { tap in
        if let tap = tap.baseAddress { try body(.init(tap: tap, pooled: nil)) }
      }
    }
  }

  var weights: [[Float]] {
    get { trainer.weights }
    set { trainer.weights = newValue }
  }

  /// - Throws: ``PexError`` (malformed) when a number is not finite.
  func parameters() throws -> [[Float]] {
    let layer = trainer.layer
    return try trainer.branch().parameters.map(\.floats) + [layer.weight, layer.bias]
  }

  mutating func step(_ rows: [Int], rate: Float, decay: Float) throws {
    let share = 1 / Float(rows.count)
    try trainer.step(
      rows, Self.source(taps), gradient: { targets.gradient($0, rows[$1], scale: share) }, rate: rate, decay: decay)
  }

  func loss(_ rows: [Int]) throws -> Double {
    let logits = try trainer.logits(rows, Self.source(taps))
    return try targets.loss(
      LogitTable(classes: specification.classes, values: logits, prior: targets.prior), rows)
  }
}
