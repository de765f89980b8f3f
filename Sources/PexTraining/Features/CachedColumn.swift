import PexBundle
import PexTensor

/// One column of the samples of a training in a ``FeatureFile``: where their records lie, and where others may go.
struct CachedColumn {
  let file: FeatureFile
  /// The place of every sample's record, as far as there is one.
  private(set) var slots: [Digest: Int] = [:]
  /// Places of damaged records, to be written over; no more than could be needed.
  private var damaged: [Int] = []
  /// The place behind the last record.
  private var next: Int

  /// Opens the column's file and looks for the records of some samples.
  /// - Throws: as ``FeatureFile/init(_:kernels:folder:)``.
  init(_ column: TapColumn, kernels: String, folder: String, samples: Set<Digest>) throws {
    file = try FeatureFile(column, kernels: kernels, folder: folder)
    next = try file.count()
    var (slots, damaged): ([Digest: Int], [Int]) = ([:], [])
    try file.scan { slot, sample in
      if let sample {
        if samples.contains(sample), slots[sample] == nil { slots[sample] = slot }
      } else if damaged.count < samples.count {
        damaged.append(slot)
      }
    }
    (self.slots, self.damaged) = (slots, damaged)
  }

  /// Writes a sample's record, unless there is one.
  /// - Throws: as ``FeatureFile/write(_:of:to:)``.
  mutating func add(_ numbers: [Float], of sample: Digest) throws {
    guard slots[sample] == nil else { return }
    let slot = damaged.last ?? next
    try file.write(numbers, of: sample, to: slot)
    if damaged.popLast() == nil { next += 1 }
    slots[sample] = slot
  }
}
