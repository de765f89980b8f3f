import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// An earlier head and the new one of the same exit and classes, on the same held-out samples.
///
/// The earlier head may have trained on any of these samples, and no file says on which. Held against heads that have not
/// seen them (``newAccuracy``) it would win by memory alone and never be replaced, however many samples came to it. So both
/// are compared as they would be used: the earlier head as it is, the new one as it would be written
/// (``writtenAccuracy``), which has mostly seen all samples. That favours the new head, and one that answers fewer of
/// them right all the same is worse beyond the doubt that there is: then the earlier head stays.
public struct HeadSuccession: Hashable, Sendable {
  /// The number of the exit point.
  public let exit: Int
  /// Share of the samples that the earlier head answers right, 0 to 1.
  public let earlierAccuracy: Double
  /// Share of the samples that new heads answer right which did not train on them, 0 to 1; nil when none were held out.
  public let newAccuracy: Double?
  /// Share of the samples that the new head answers right as it would be written, 0 to 1.
  public let writtenAccuracy: Double
  /// How many samples there are: the held-out ones, or all when none were held out.
  public let count: Int
  /// Whether the earlier head stays, because the new one is worse or training ended where it began.
  public let keepsEarlier: Bool
}

/// Holds the heads of a training against those that are there already.
struct Succession {
  let earlier: HeadSet
  let cache: TapCache
  let assignment: Assignment
  let split: Split

  /// Puts earlier heads back where the new ones are worse.
  ///
  /// Heads of other classes are not compared: they could not stand in one file with the new ones.
  /// - Parameter names: of the new heads' classes.
  func settle(_ heads: inout [TrainedHead], names: [String]) throws -> [HeadSuccession] {
    guard earlier.classes == names else { return [] }
    let answers = assignment.answers
    let (held, isHeld) = (split.held, !split.held.isEmpty)
    let rows = isHeld ? held : answers.indices.filter { answers[$0] != nil }
    let wanted = rows.compactMap { answers[$0] }
    guard wanted.count == rows.count else { return [] }
    return try heads.indices.compactMap { index in
      let new = heads[index]
      guard let entry = earlier[new.report.exit], entry.isTrained,
        let old = try logits(entry.head, entry.exit, rows),
        let written = try logits(new.head, new.report.exit, rows)
      else { return nil }
      let was = Predictions(old, temperature: entry.head.temperature)
      let now = Predictions(written, temperature: new.head.temperature)
      let (wasRight, isRight) = (try was.accuracy(wanted), try now.accuracy(wanted))
      let isSame = zip(new.head.parameters, entry.head.parameters).allSatisfy { $0.floats == $1.floats }
      if isRight < wasRight {
        heads[index] = try kept(entry, instead: new, held: isHeld ? old : new.heldLogits, answers)
      }
      return HeadSuccession(
        exit: entry.exit, earlierAccuracy: wasRight,
        newAccuracy: isHeld
          ? try Predictions(new.heldLogits, temperature: new.report.temperature).accuracy(wanted) : nil,
        writtenAccuracy: isRight, count: rows.count, keepsEarlier: isRight < wasRight || isSame)
    }
  }

  /// The earlier head with figures of its own. Its temperature stays: these samples may have trained it, and say nothing
  /// about how sure it may be.
  private func kept(
    _ entry: HeadSet.Entry, instead new: TrainedHead, held: LogitTable, _ answers: [Int?]
  ) throws -> TrainedHead {
    let predictions = Predictions(held, temperature: entry.head.temperature)
    let wanted = split.held.compactMap { answers[$0] }
    let counted = Array(wanted.indices.dropFirst(split.isCrossFitted ? split.validation.count : 0))
    let trained = try logits(entry.head, entry.exit, split.training)
    var report = new.report
    report.trainAccuracy = try trained?.accuracy(split.training.compactMap { answers[$0] }) ?? report.trainAccuracy
    report.validationAccuracy =
      wanted.isEmpty ? nil : try predictions.selected(counted).accuracy(counted.map { wanted[$0] })
    report.temperature = entry.head.temperature
    report.enabled = try wanted.isEmpty || predictions.beatChance(wanted)
    (report.epochs, report.losses) = (0, nil)
    return TrainedHead(
      head: entry.head, report: report, heldLogits: held, fallbackTemperature: entry.head.temperature)
  }

  private func logits(_ head: Head, _ exit: Int, _ rows: [Int]) throws -> LogitTable? {
    try cache.logits(of: head, at: exit, rows: rows).map {
      try LogitTable(classes: $0.classes, values: $0.values, prior: assignment.prior)
    }
  }
}
