import PexBundle
import PexData
import PexExits
import PexGraph
import PexHeads
import PexTensor

/// Bundles that are converted again.
extension Converter {
  /// The graph with the classifier that was asked for.
  /// - Throws: ``PexError`` (usage) when there is no such output, or the kind cannot be.
  static func choose(_ choice: ClassifierChoice, in graph: inout Graph) throws {
    guard choice != ClassifierChoice() else { return }
    let own = graph.classifier.map { graph[$0.output].name }
    graph.classifier = try graph.findClassifier(output: choice.output ?? own, kind: choice.kind)
    // What only the earlier logits needed.
    graph.removeUnused()
  }

  /// Refuses a storage that cannot be had from a bundle's.
  /// - Throws: ``PexError`` (usage).
  static func check(_ storage: DType?, of bundle: BundleFile) throws {
    guard storage == .float32, bundle.contents.trunk.storage != .float32 else { return }
    throw PexError(
      .usage,
      "--weights f32: this bundle stores its weights as \(bundle.contents.trunk.storage.name), and what was rounded away is gone",
      hint: "convert the model that it was made from")
  }

  /// The exits to place in a bundle when nothing else is asked for: its own.
  static func exits(of bundle: BundleFile) -> ExitRequest {
    let trunk = bundle.contents.trunk
    let names = bundle.contents.exits.compactMap { exit in
      trunk.exitPoint(exit.exit).map { trunk.graph[$0.value].name }
    }
    return names.isEmpty ? .none : .values(names)
  }

  /// Takes over what a bundle knew besides its heads, where the new contents say nothing else and it still fits.
  /// - Parameter standing: the heads, which are there already.
  /// - Returns: what the user should know of what does not stay.
  static func keep(_ old: BundleContents, _ standing: StandingHeads, in new: inout BundleContents) throws -> [String] {
    var warnings: [String] = []
    new.producer = old.producer
    if new.labels == nil, let labels = old.labels {
      let fits = new.trunk.classCount.map { $0 == labels.count } ?? true
      new.labels = fits ? labels : nil
      if !fits {
        warnings.append("the labels name \(labels.count) classes, the output that answers has others: dropped")
      }
    }
    let statistics = try Statistics(old, standing, in: new)
    new.statistics = statistics.kept
    new.reference = reference(old, standing, new)
    if old.reference != nil, new.reference == nil {
      warnings.append(
        "what ordinary pictures look like is of other answers or features: dropped, store it anew with --calibrate")
    }
    let losesPolicy = old.policy != nil && !standing.losses.isEmpty
    if !losesPolicy { new.policy = old.policy?.numbered(standing.numbers) }
    return warnings
      + [standing.warning(losesPolicy: losesPolicy), statistics.warning, arrays(old, standing, new)]
      .compactMap(\.self)
  }

  /// How the model answers ordinary pictures, where it still answers them so: the same trunk, classifier and pictures.
  private static func reference(
    _ old: BundleContents, _ standing: StandingHeads, _ new: BundleContents
  ) -> ExitStatistics? {
    guard standing.loss == nil, old.trunk.digest == new.trunk.digest,
      old.trunk.graph.classifier.map({ old.trunk.graph[$0.logits].name })
        == new.trunk.graph.classifier.map({ new.trunk.graph[$0.logits].name })
    else { return nil }
    return old.reference
  }

  /// Heads that were trained on arrays stay when pictures get a way to become such.
  private static func arrays(
    _ old: BundleContents, _ standing: StandingHeads, _ new: BundleContents
  ) -> String? {
    guard old.preprocessing == nil, new.preprocessing != nil, !standing.records.isEmpty else { return nil }
    return "the base heads were trained on arrays as they are: they stay, and fit pictures that become the same numbers"
  }

  /// What features look like at exit points, so far as a bundle's statistics still speak of them.
  private struct Statistics {
    private(set) var kept: [ExitStatistics] = []
    private var lost: [Int] = []
    /// Of which only what they say of the tap is left.
    private var shortened: [Int] = []

    init(_ old: BundleContents, _ standing: StandingHeads, in new: BundleContents) throws {
      for entry in old.statistics {
        guard let number = standing.numbers[entry.exit], let point = new.trunk.exitPoint(number), standing.loss == nil,
          point.prefixDigest == old.trunk.exitPoint(entry.exit)?.prefixDigest,
          let channels = new.trunk.graph[point.value].type.tap?.channels,
          new.trunk.classCount.map({ $0 == entry.classes }) ?? true
        else {
          lost.append(entry.exit)
          continue
        }
        let record = new.exits.first { $0.exit == number }
        if standing.records[number] != nil || entry.channels == channels && record?.specification.branch == nil {
          kept.append(number == entry.exit ? entry : ExitStatistics(exit: number, try entry.checked()))
        } else if record?.specification.branch == nil {
          kept.append(ExitStatistics(exit: number, try entry.checked().prefix(2 * channels)))
          shortened.append(entry.exit)
        } else {
          // Another branch will be trained there.
          lost.append(entry.exit)
        }
      }
      kept.sort { $0.exit < $1.exit }
    }

    var warning: String? {
      func exits(_ numbers: [Int]) -> String {
        "exit\(numbers.count == 1 ? "" : "s") \(numbers.map(String.init).joined(separator: ", "))"
      }
      let parts = [
        lost.isEmpty ? nil : "those of \(exits(lost)) are dropped",
        shortened.isEmpty ? nil : "those of \(exits(shortened)) speak of the tap alone now, not of a branch",
      ].compactMap(\.self)
      return parts.isEmpty ? nil : "statistics of features: \(parts.joined(separator: ", "))"
    }
  }
}

extension PolicyRecord {
  /// The same policy with exits called otherwise.
  fileprivate func numbered(_ numbers: [Int: Int]) -> PolicyRecord {
    var result = self
    result.thresholds = thresholds.compactMap { threshold in
      numbers[threshold.exit].map { Threshold(exit: $0, threshold: threshold.threshold) }
    }.sorted { $0.exit < $1.exit }
    return result
  }
}
