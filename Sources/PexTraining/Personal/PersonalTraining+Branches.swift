import PexHeads
import PexTensor

extension PersonalTraining {
  /// How the loss of a branch moved in training.
  public struct BranchLosses: Hashable, Sendable {
    /// The number of the exit point.
    public let exit: Int
    /// Epoch by epoch.
    public let losses: LossHistory
  }

  /// Trains the branches of base heads that are not trained yet, and adds what they compute to the cache. From then on they
  /// are as frozen as the trunk: a branch that is trained already stays as it is, so that heads which read it go on fitting.
  func trainBranches(
    _ plans: inout [HeadPlan], _ cache: inout TapCache, _ source: TrainingSamples, _ assignment: Assignment,
    _ split: Split, _ limits: TrainingLimits, _ progress: @escaping @Sendable (TrainingProgress) -> Void
  ) throws -> [BranchLosses] {
    let open = plans.indices.filter { plans[$0].specification.kind == .branch && plans[$0].branch == nil }
    guard !open.isEmpty else { return [] }
    guard request.isBase else {
      throw PexError(
        .usage, "the branch of exit \(plans[open[0]].exit) is not trained",
        hint: "train base heads first, with --base, or choose another kind of head")
    }
    let training = try BranchTraining(
      session, open.map { try plans[$0].readingOwnBranch() },
      .init(request.options, augmentation: request.augmentation, samples: split.training.count),
      teacher: branchTeacher(assignment))
    // Without labels the classifier teaches alone; where it may not, its answers stand in for them.
    let answers = assignment.teacher?.isHard == true ? assignment.answers : assignment.labels
    var labels = [Int?](repeating: nil, count: source.count)
    for (row, sample) in cache.kept.enumerated() { labels[sample] = answers[row] }
    let trained = try training.run(
      source, rows: split.training.map { cache.kept[$0] }, held: split.validation.map { cache.kept[$0] },
      labels: labels, classes: assignment.classes, limits: limits,
      progress: { progress(.branches(done: $0, total: $1)) })
    let branches = Dictionary(zip(open.map { plans[$0].exit }, trained)) { first, _ in first }
    for index in plans.indices {
      for (exit, _) in plans[index].specification.branchExits(at: plans[index].exit) {
        plans[index].branches[exit] = plans[index].branches[exit] ?? branches[exit]?.branch
      }
    }
    for index in open { plans[index].start = try plans[index].start(from: branches, plans) }
    let columns = try open.compactMap { index in
      try plans[index].branch.map { try TapColumn($0, exit: plans[index].exit, in: session.model) }
    }
    try cache.add(
      columns, session, source, storage: request.storage, limits: limits,
      progress: { progress(.features(done: $0)) })
    return zip(open, trained).compactMap { index, trained in
      trained.losses.map { BranchLosses(exit: plans[index].exit, losses: $0) }
    }
  }

  /// The classifier's part in what branches learn: beside labels unless labels alone were asked for.
  private func branchTeacher(_ assignment: Assignment) -> (mix: Float, temperature: Float)? {
    guard let classes = session.model.bundle.contents.trunk.classCount,
      assignment.classes.allSatisfy({ $0 < classes }), request.supervision != .labels, request.supervision != .pseudo
    else { return nil }
    return (request.mix, request.temperature)
  }
}

extension HeadPlan {
  /// The same head without what it reads of other exits' branches: as such its own branch is trained.
  fileprivate func readingOwnBranch() throws -> HeadPlan {
    let taps = specification.earlier.map { EarlierTap(exit: $0.exit, channels: $0.channels) }
    return HeadPlan(
      exit: exit,
      specification: try HeadSpecification(
        kind: specification.kind, channels: specification.channels, spatial: specification.spatial,
        classes: specification.classes, earlier: taps, branch: specification.branch?.layers ?? []),
      start: nil, branches: [:], goesOn: false)
  }

  /// What the head starts from: the mean of the layers that were trained with its own branch and with the others that it
  /// reads, as far as they were trained just now. They were trained apart, so the mean errs less than each of them; and the
  /// samples could not say more: the trunk has seen them, which makes late features surer there than elsewhere.
  fileprivate func start(from trained: [Int: BranchTraining.Trained], _ plans: [HeadPlan]) throws -> Head {
    let (width, classes) = (specification.featureCount, specification.classes)
    let places = specification.featurePlaces(at: exit)
    let teachers = plans.filter { plan in
      trained[plan.exit] != nil && specification.branchExits(at: exit).contains { $0.exit == plan.exit }
    }
    var weight = [Double](repeating: 0, count: classes * width)
    var bias = [Double](repeating: 0, count: classes)
    for teacher in teachers {
      guard let layer = trained[teacher.exit]?.layer else { continue }
      let alone = try teacher.readingOwnBranch().specification
      for row in 0..<classes { bias[row] += Double(layer.bias[row]) / Double(teachers.count) }
      for (place, columns) in alone.featurePlaces(at: teacher.exit) {
        guard let own = places[place] else { continue }
        for row in 0..<classes {
          for (from, to) in zip(columns, own) {
            weight[row * width + to] += Double(layer.weight[row * alone.featureCount + from]) / Double(teachers.count)
          }
        }
      }
    }
    return try Head(specification, numbers: [weight.map(Float.init), bias.map(Float.init)]).reading(read)
  }
}

/// Where some of a head's features come from.
private struct FeaturePlace: Hashable {
  let exit: Int
  let isBranch: Bool
}

extension HeadSpecification {
  /// The columns of a head's features, by where they come from.
  fileprivate func featurePlaces(at exit: Int) -> [FeaturePlace: Range<Int>] {
    var places: [FeaturePlace: Range<Int>] = [:]
    var next = 0
    let taps = earlier.map { ($0.exit, $0.channels, $0.branch) } + [(exit, channels, branch)]
    for (exit, channels, branch) in taps {
      places[FeaturePlace(exit: exit, isBranch: false)] = next..<next + 2 * channels
      next += 2 * channels
      guard let branch else { continue }
      places[FeaturePlace(exit: exit, isBranch: true)] = next..<next + 2 * branch.output.channels
      next += 2 * branch.output.channels
    }
    return places
  }
}
