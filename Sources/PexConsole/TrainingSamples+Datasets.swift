import PexBundle
import PexData
import PexTensor
import PexTraining

extension TrainingSamples {
  /// The samples of some datasets one after the other. A picture that cannot be read, or of which the network makes nothing
  /// finite, is left out; arrays are not forgiven anything, since nothing but a mistake makes them unsound.
  /// - Throws: ``PexError`` (malformed) when the preprocessing has no digest.
  public init(_ datasets: [Dataset], for contents: BundleContents) throws {
    let preprocessing = try PreprocessingRecord.digest(of: contents.preprocessing)
    let places = datasets.enumerated().flatMap { dataset, samples in (0..<samples.count).map { (dataset, $0) } }
    /// What `body` gives for a sample of its dataset.
    @Sendable func reading<Value>(_ index: Int, _ body: (Dataset, Int) throws -> Value) throws -> Value {
      let (dataset, number) = (datasets[places[index].0], places[index].1)
      do { return try body(dataset, number) } catch let error as PexError
        where dataset.isPicture(number) && [.malformed, .unreadable].contains(error.kind)
      {
        throw UnreadableSample(dataset.name(number), error)
      }
    }
    self.init(labels: datasets.flatMap(\.labels)) { index in
      try reading(index) { try $0.digest($1, preprocessing: preprocessing) }
    } name: { index in
      datasets[places[index].0].name(places[index].1)
    } isForgiven: { index in
      datasets[places[index].0].isPicture(places[index].1)
    } inputs: { index in
      try reading(index) { [try $0.sample($1).tensor] }
    }
  }
}

extension Console {
  /// So many are named.
  private static let named = 3

  /// Says which samples were left out.
  public func warn(skipped: [UnreadableSample], of count: Int) {
    guard !skipped.isEmpty else { return }
    let names = skipped.prefix(Self.named).map(\.reason.message).joined(separator: "; ")
    let more = skipped.count > Self.named ? "; …" : ""
    warn("\(skipped.count) of \(count) samples cannot be read and are left out: \(names)\(more)")
  }

  /// Says which samples do not count, because another one is the same picture.
  public func warn(_ copies: SampleGroups, of samples: TrainingSamples) {
    guard let summary = copies.summary else { return }
    func list(_ groups: [SampleGroups.Group], _ words: (SampleGroups.Group) -> String) -> String {
      groups.prefix(Self.named).map(words).joined(separator: "; ") + (groups.count > Self.named ? "; …" : "")
    }
    let contradicting = list(copies.contradicting) { group in
      // Two that contradict each other, rather than a picture and a copy in the same folder.
      let labelled = group.members.filter { samples.labels[$0] != nil }
      let other = labelled.first { samples.labels[$0] != samples.labels[labelled[0]] }
      let names = [labelled.first, other].compactMap(\.self).map(samples.name)
      return "\(names.joined(separator: " and ")) are one picture"
    }
    // Equal files speak for themselves; what was only judged to be the same is named first.
    let agreeing = copies.agreeing.filter { !$0.isExact } + copies.agreeing.filter(\.isExact)
    let same = list(agreeing) { group in
      let copy = group.members.first { $0 != group.kept }.map(samples.name) ?? ""
      return "\(copy) is \(group.isExact ? "" : "nearly ")\(group.kept.map(samples.name) ?? "")"
    }
    warn("\(summary): \([contradicting, same].filter { !$0.isEmpty }.joined(separator: "; "))")
  }

  /// Says which classes too few samples speak of.
  public func warn(_ gaps: ClassGaps) {
    func list(_ names: [String]) -> String {
      names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
    func classes(_ names: [String]) -> String { names.count == 1 ? "1 class" : "\(names.count) classes" }
    func them(_ names: [String]) -> String { names.count == 1 ? "it" : "them" }
    if !gaps.unseen.isEmpty {
      warn(
        "no sample of \(classes(gaps.unseen)), so nothing is learned of \(them(gaps.unseen)): \(list(gaps.unseen))")
    }
    if !gaps.unmeasured.isEmpty {
      warn(
        "too few samples of \(classes(gaps.unmeasured)) to hold one out, so no figure speaks of \(them(gaps.unmeasured)): "
          + list(gaps.unmeasured))
    }
  }
}
