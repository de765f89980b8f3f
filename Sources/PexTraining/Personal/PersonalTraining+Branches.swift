import PexHeads
import PexTensor

extension PersonalTraining {
  /// Trains the branches of base heads that are not trained yet, and adds what they compute to the cache. From then on they
  /// are as frozen as the trunk: a branch that is trained already stays as it is, so that heads which read it go on fitting.
  func trainBranches(
    _ plans: inout [HeadPlan], _ cache: inout TapCache, _ source: TrainingSamples, _ assignment: Assignment,
    _ split: Split, _ limits: TrainingLimits, _ progress: (Int) -> Void
  ) throws {
    let open = plans.indices.filter { plans[$0].specification.branch != nil && plans[$0].branch == nil }
    guard !open.isEmpty else { return }
    guard request.isBase else {
      throw PexError(
        .usage, "the branch of exit \(plans[open[0]].exit) is not trained",
        hint: "train base heads first, with --base, or choose another kind of head")
    }
    let training = try BranchTraining(
      session, open.map { plans[$0] },
      .init(request.options, augmentation: request.augmentation, samples: split.training.count),
      teacher: branchTeacher(assignment))
    // Without labels the classifier teaches alone; where it may not, its answers stand in for them.
    let answers = assignment.teacher?.isHard == true ? assignment.answers : assignment.labels
    var labels = [Int?](repeating: nil, count: source.count)
    for (row, sample) in cache.kept.enumerated() { labels[sample] = answers[row] }
    let trained = try training.run(
      source, rows: split.training.map { cache.kept[$0] }, labels: labels, classes: assignment.classes, limits: limits
    ) { _ in }
    for (index, result) in zip(open, trained) {
      plans[index].branch = result.branch
      plans[index].start = try Head(
        plans[index].specification, numbers: [result.layer.weight, result.layer.bias]
      ).reading(result.branch)
    }
    let columns = try open.compactMap { index in
      try plans[index].branch.map { try TapColumn($0, exit: plans[index].exit, in: session.model) }
    }
    try cache.add(columns, session, source, storage: request.storage, limits: limits, progress: progress)
  }

  /// The classifier's part in what branches learn: beside labels unless labels alone were asked for.
  private func branchTeacher(_ assignment: Assignment) -> (mix: Float, temperature: Float)? {
    guard let classes = session.model.bundle.contents.trunk.classCount,
      assignment.classes.allSatisfy({ $0 < classes }), request.supervision != .labels, request.supervision != .pseudo
    else { return nil }
    return (request.mix, request.temperature)
  }
}
