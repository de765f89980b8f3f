import PexBundle
import PexHeads
import PexRuntime
import PexTensor

extension PersonalTraining.Request {
  /// Bytes of the features that a training keeps in memory for so many samples, the original classifier's logits included,
  /// whether they are asked for or not.
  /// - Throws: ``PexError``: as ``HeadPlan/all(_:exits:kind:classes:numbers:earlier:)``; (malformed) when a size overflows.
  public func featureBytes(_ model: Model, samples: Int) throws -> Int {
    let plans = try HeadPlan.all(model, exits: exits, kind: kind, classes: [""], numbers: [0])
    return FeatureBudget.bytes(try columns(for: plans, wantsFinal: true, model), samples: samples)
  }

  /// What is kept of every sample: what heads read, and what copies are known by.
  func columns(for plans: [HeadPlan], wantsFinal: Bool, _ model: Model) throws -> [TapColumn] {
    try headColumns(for: plans, wantsFinal: wantsFinal, model) + [TapColumn(fingerprintOf: model)]
  }

  /// What the heads to train read, and besides what those read that they are compared with, which are the earlier heads and
  /// the base head of the deepest exit.
  private func headColumns(for plans: [HeadPlan], wantsFinal: Bool, _ model: Model) throws -> [TapColumn] {
    if ownClasses == .besideAll, let exit = model.bundle.contents.trunk.exitPoints.last(where: { !$0.isNamed })?.number
    {
      return [try TapColumn(.pooled, exit: exit, in: model)] + [TapColumn(logitsOf: model)].compactMap(\.self)
    }
    guard !isBase else { return try TapColumn.needed(by: plans, wantsFinal: wantsFinal, model) }
    var others =
      try earlier?.entries.flatMap {
        try TapColumn.read(by: $0.head, at: $0.exit, in: model)
      } ?? []
    let record = plans.last.flatMap { plan in model.bundle.contents.exits.first { $0.exit == plan.exit } }
    // Whole maps are too much for a comparison alone.
    if let record, record.parameters != nil, record.specification.kind != .conv {
      let head = try model.bundle.baseHead(at: record.exit)
      others += try head.map { try TapColumn.read(by: $0, at: record.exit, in: model) } ?? []
    }
    // What tells whether these pictures are like those that the model was made for.
    if let reference = model.bundle.contents.reference {
      others.append(try TapColumn(.pooled, exit: reference.exit, in: model))
    }
    let asksClassifier = wantsFinal || earlier.map { !$0.replacesFinal } ?? false
    let needed = try TapColumn.needed(by: plans, wantsFinal: asksClassifier, model)
    var columns = needed.filter { $0.content != .logits }
    for column in others where !columns.contains(where: { $0.holds(column) }) { columns.append(column) }
    return columns + needed.filter { $0.content == .logits }
  }
}

extension TapColumn {
  /// Whether the other column's numbers follow from these.
  fileprivate func holds(_ other: TapColumn) -> Bool {
    self == other || exit != nil && exit == other.exit && content == .map && other.content == .pooled
  }
}
