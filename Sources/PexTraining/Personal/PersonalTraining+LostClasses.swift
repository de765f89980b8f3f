import PexTensor

extension PersonalTraining {
  /// Makes sure that every class that the samples speak of has one that can be read: heads would know nothing of it, and
  /// nobody who counts folders would guess why. When nothing at all can be read, something else says so.
  /// - Throws: ``PexError`` (malformed) naming the first class that has none left, and what is wrong with its first sample.
  func requireClasses(of samples: TrainingSamples, unreadable: [Int: UnreadableSample]) throws {
    guard !unreadable.isEmpty, unreadable.count < samples.count else { return }
    var read: Set<Int> = []
    for (index, label) in samples.labels.enumerated() where unreadable[index] == nil {
      if let label { read.insert(label) }
    }
    for index in unreadable.keys.sorted() {
      guard let label = samples.labels[index], !read.contains(label), let reason = unreadable[index]?.reason else {
        continue
      }
      let count = samples.labels.count { $0 == label }
      let name = classNames.indices.contains(label) ? "'\(classNames[label])'" : "\(label)"
      throw PexError(
        .malformed,
        "class \(name): \(count == 1 ? "its only sample cannot be read" : "none of its \(count) samples can be read"): "
          + reason.message,
        hint: reason.hint ?? "mend its pictures, or take its folder away")
    }
  }
}
