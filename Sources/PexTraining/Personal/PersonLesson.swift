import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// What a person's training knows before a head is trained: classes, answers, what the heads start from, and which samples
/// measure.
struct PersonLesson {
  /// What heads learn from.
  let supervision: Supervision
  /// The classes, and what every sample should be answered.
  let assignment: Assignment
  /// Names of the classes.
  let names: [String]
  /// The heads, by depth, with what each starts from.
  let plans: [HeadPlan]
  /// Exits whose base head was brought to where the person's features lie.
  let alignedExits: [Int]
  /// Whether the person's pictures differ so much from the general ones that an aligned base head stands in for the classifier.
  let isShifted: Bool
  /// Which samples train, choose and measure.
  let split: Split
  /// What the classifier answers when it is told the person's classes, one row a sample, 0 for a class that it lacks; nil when
  /// there is no classifier, or it knows none of them.
  let told: LogitTable?
  /// Which classes the classifier lacks.
  let isOwn: [Bool]
  /// Whether the last exit's head answers in the classifier's place though no label could say so.
  let replacesClassifier: Bool
  /// What was left out or assumed, one line each.
  var notes: [String] = []

  /// Whether the classifier knows all of the classes.
  var knowsAll: Bool { !isOwn.contains(true) }
}

extension PersonalTraining {
  /// Decides all that can be decided when the trunk has run.
  func lesson(_ cache: TapCache, labels all: [Int?]) throws -> PersonLesson {
    var notes: [String] = []
    let labels = labelsOfUse(all, &notes)
    var request = self.request
    request.classes = request.classes ?? personClasses(labels)
    if Set(labels.compactMap { $0 }).contains(where: ownNumbers.contains), labels.contains(where: { $0 == nil }) {
      // The classifier cannot tell what it has never heard of.
      if request.supervision == nil { request.supervision = .labels }
      let count = all.count { $0 == nil }
      if count > 0 {
        notes.append("\(count) samples without labels are left out: the classifier does not know all of your classes")
      }
    }
    return try PersonalTraining(session, request).decided(cache, labels: labels, notes)
  }

  /// Labels without those of classes that the heads are not to know.
  private func labelsOfUse(_ labels: [Int?], _ notes: inout [String]) -> [Int?] {
    guard request.ownClasses == .alone else { return labels }
    let own = ownNumbers
    let left = labels.count { $0.map { !own.contains($0) } ?? false }
    if left > 0 {
      notes.append("\(left) samples of the model's own classes are left out: the heads know the person's alone")
    }
    return labels.map { $0.flatMap { own.contains($0) ? $0 : nil } }
  }

  /// The classes of the heads where nobody lists them: those of the labels and of the earlier heads.
  private func personClasses(_ labels: [Int?]) -> [Int]? {
    let present = Set(labels.compactMap { $0 })
    if request.ownClasses == .besideAll { return Array(classNames.indices) }
    let numbers = Dictionary(classNames.enumerated().map { ($1, $0) }) { first, _ in first }
    let earlier = (request.earlier?.classes ?? []).compactMap { numbers[$0] }
      .filter { request.ownClasses == .besideKnown || ownNumbers.contains($0) }
    guard !request.estimatesClasses, !request.isBase, !(present.isEmpty && earlier.isEmpty) else { return nil }
    return present.union(earlier).sorted()
  }

  private func decided(_ cache: TapCache, labels: [Int?], _ notes: [String]) throws -> PersonLesson {
    let supervision = try supervision(of: labels)
    let (classNames, hasLabels) = (self.classNames, labels.contains { $0 != nil })
    let shares = try SharesWithoutLabels(session.model, cache, classes: request.classes)
    let isOpen = request.estimatesClasses || request.classes == nil && !hasLabels
    let assignment = try Assignment(
      request, supervision, labels: labels, count: classNames.count, logits: cache.finalLogits,
      shares: isOpen ? shares?.trusted : nil)
    let names = assignment.classes.map { classNames[$0] }
    var plans = try plans(of: assignment.classes, classNames)
    try startFromClassifier(&plans, assignment.classes)
    var notes = notes
    if isOpen { notes += [shares?.note ?? SharesWithoutLabels.unknown].compactMap(\.self) }
    // Without labels nothing but the reference tells whether features should be moved at all.
    var moved: Head?
    if !hasLabels, !isOpen, shares?.test?.isShifted == true {
      moved = try alignedClassifier(&plans, cache, assignment.classes)
      notes.append(
        "these pictures are others than those that the model was made for"
          + (moved == nil
            ? ", and its last layer is none that could be aligned with them: it answers as it always did"
            : ": its last features are aligned with the classes'"))
    }
    if !hasLabels { plans = withoutStrangers(plans, isOpen: isOpen, &notes) }
    let split = try split(plans, assignment.answers)
    if case .risk(let risk) = request.goal { try RiskControl.require(split.held.count, for: risk) }
    let aligned = try AlignedStart(session, cache, plans)
    let samples = try plans.map { try cache.samples(for: $0, labels: assignment.labels) }
    var alignedExits = moved == nil ? [] : plans.suffix(1).map(\.exit)
    if hasLabels { alignedExits = try aligned.align(&plans, samples, assignment) }
    let known = assignment.classes.map { number in (cache.finalLogits?.classes).map { number < $0 } ?? false }
    let lesson = PersonLesson(
      supervision: supervision, assignment: assignment, names: names, plans: plans, alignedExits: alignedExits,
      isShifted: shares?.test?.isShifted ?? false, split: split,
      told: known.contains(true) ? try cache.finalLogits?.told(assignment.classes, prior: assignment.prior) : nil,
      isOwn: known.map { !$0 }, replacesClassifier: moved != nil, notes: notes)
    try checkCount(of: labels, lesson)
    return lesson
  }

  /// Without labels a head that would start from nothing could learn no more than what the classifier says.
  private func withoutStrangers(_ plans: [HeadPlan], isOpen: Bool, _ notes: inout [String]) -> [HeadPlan] {
    let strangers = plans.dropLast().filter { $0.start == nil && isOpen }.map { String($0.exit) }
    guard !strangers.isEmpty else { return plans }
    notes.append(
      "exits \(strangers.joined(separator: ", ")) have no base heads, and without labels and classes nothing to learn from: they are left out"
    )
    return plans.dropLast().filter { $0.start != nil } + plans.suffix(1)
  }

  /// The classifier with the person's last features brought to where the told classes' features lie, as the head of the last
  /// exit point.
  private func alignedClassifier(_ plans: inout [HeadPlan], _ cache: TapCache, _ classes: [Int]) throws -> Head? {
    let contents = session.model.bundle.contents
    guard let reference = try contents.reference?.reference(), let exit = contents.reference?.exit,
      reference.features.classes > 1, plans.last?.exit == exit,
      let linear = try HeadPlan.all(
        session.model, exits: [exit], kind: .linear, classes: classes.map(String.init), numbers: classes
      ).last,
      let start = try classifierStart(linear, classes),
      case .features(let table) = try cache.samples(
        for: linear, labels: [Int?](repeating: nil, count: cache.kept.count))
    else { return nil }
    var shares = [Float](repeating: 0, count: reference.features.classes)
    for number in classes where shares.indices.contains(number) { shares[number] = 1 / Float(classes.count) }
    let trust = Double(table.count) / Double(table.count + Self.alignmentWeight)
    let alignment = try FeatureAlignment([reference.features], table: table, shares: shares).weighed(by: trust)
    guard let aligned = try alignment.aligned(start) else { return nil }
    var plan = linear
    (plan.start, plan.startsFromBase) = (aligned, false)
    plans[plans.count - 1] = plan
    return aligned
  }

  /// So many samples' worth speak against moving features.
  private static let alignmentWeight = 64

  /// A linear head on the last exit point starts as the model's own classifier, where that reads nothing but the averages of
  /// this tap's channels: before any step their logits are equal.
  private func startFromClassifier(_ plans: inout [HeadPlan], _ classes: [Int]) throws {
    guard let index = plans.indices.last, plans[index].start == nil else { return }
    plans[index].start = try classifierStart(plans[index], classes)
  }

  /// The classifier as such a head; nil where it is none.
  func classifierStart(_ plan: HeadPlan, _ classes: [Int]) throws -> Head? {
    let contents = session.model.bundle.contents
    guard [.linear, .multitap].contains(plan.specification.kind), let point = contents.trunk.exitPoint(plan.exit),
      let layer = contents.trunk.graph.classifierLayer(reading: point.value),
      classes.allSatisfy(layer.bias.indices.contains)
    else { return nil }
    let (width, channels) = (plan.specification.featureCount, plan.specification.channels)
    let first = width - plan.specification.ownFeatureCount
    var weight = [Float](repeating: 0, count: classes.count * width)
    for (row, number) in classes.enumerated() {
      weight.replaceSubrange(
        row * width + first..<row * width + first + channels,
        with: layer.weight[number * channels..<(number + 1) * channels])
    }
    return try Head(plan.specification, numbers: [weight, classes.map { layer.bias[$0] }])
  }
}

extension LogitTable {
  /// The columns of some classes, in the given order, 0 for a class beyond this table's, weighed by a prior of these.
  func told(_ classes: [Int], prior: [Float]?) throws -> LogitTable {
    let values = (0..<count).flatMap { sample in
      classes.map { $0 < self.classes ? self.values[sample * self.classes + $0] : 0 }
    }
    return try LogitTable(classes: classes.count, values: values, prior: prior)
  }
}
