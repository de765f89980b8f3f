import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// What trained heads are held against: earlier heads and the base heads, on features that are there already.
extension PersonalTraining {
  /// Puts earlier heads back where the new ones are worse.
  func settle(
    _ heads: inout [TrainedHead], with earlier: HeadSet?, _ cache: TapCache, _ assignment: Assignment, _ split: Split,
    names: [String]
  ) throws -> [HeadSuccession] {
    guard let earlier else { return [] }
    return try Succession(earlier: earlier, cache: cache, assignment: assignment, split: split)
      .settle(&heads, names: names)
  }

  /// The earlier policy beside the new one, on the samples that measure the new one.
  func progress(
    from earlier: HeadSet?, _ cache: TapCache, _ samples: PolicySamples, held: [Int], names: [String],
    isExpected: Bool, new: PolicyProgress.Use?
  ) throws -> PolicyProgress? {
    guard let earlier else { return nil }
    let positions = isExpected ? samples.measured.flatMap { $0 } : Array(held.indices)
    let times = try times(of: earlier.entries.map { ($0.exit, $0.head) })
    let use = try EarlierPolicy(heads: earlier, model: session.model, cache: cache, times: times)
      .use(positions.map { held[$0] }, names: positions.map { names[samples.answers[$0]] })
    guard let use, let new else { return nil }
    return PolicyProgress(earlier: use, new: new, isExpected: isExpected, count: positions.count)
  }

  /// Refuses what leaves classes that nobody knows anything about: without a classifier, a base head or a teacher a head
  /// cannot answer a class that it has not seen.
  func checkCount(of labels: [Int?], _ plans: [HeadPlan], _ assignment: Assignment) throws {
    let (count, classes) = (labels.count { $0 != nil }, assignment.classes.count)
    guard count < classes, !assignment.isTaught, let plan = plans.first(where: { $0.start == nil }) else { return }
    throw PexError(
      .malformed,
      "\(count) labelled samples for \(classes) classes: exit \(plan.exit) has no base head that knows the other classes",
      hint: "give at least one sample of every class, or name fewer classes")
  }

  /// The same of a person: what the classifier or the deepest head's start knows is enough.
  func checkCount(of labels: [Int?], _ lesson: PersonLesson) throws {
    let seen = Set(lesson.assignment.labels.compactMap { $0 })
    let unknown = lesson.names.indices.filter { !seen.contains($0) && lesson.isOwn[$0] }
    guard !unknown.isEmpty, lesson.plans.last?.start == nil, !lesson.assignment.isTaught else { return }
    let names = unknown.prefix(12).map { "'\(lesson.names[$0])'" }.joined(separator: ", ")
    throw PexError(
      .malformed, "no samples of \(names): nothing is known of \(unknown.count == 1 ? "this class" : "these classes")",
      hint: "give at least one sample of every class, or name fewer classes")
  }
}
