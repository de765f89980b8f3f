import PexTensor

/// What heads are trained on: one row of numbers a sample, with its label where it has one.
///
/// The trunk is frozen, so it runs once a sample; heads then train on these rows alone.
public struct FeatureTable: Sendable {
  /// The name of the tap, for messages: `exit 3`.
  public let tap: String
  /// Numbers a row: the average and the maximum of every channel for a linear head.
  public let width: Int
  /// One label a sample, an index of the class list; nil for a sample without one.
  public private(set) var labels: [Int?] = []
  private var values: [Float] = []
  /// Where the rows lie when they are not in memory.
  private var stored: (file: FeatureFile, slots: [Int])?
  /// The tables whose rows lie one behind the other in this one's; empty for a table of its own.
  private var parts: [FeatureTable] = []

  /// An empty table.
  /// - Throws: ``PexError`` (defect) when `width` is not positive.
  public init(tap: String, width: Int) throws {
    guard width > 0 else { throw PexError(.defect, "\(tap): a table of features needs a positive width") }
    self.tap = tap
    self.width = width
  }

  /// The rows of several taps one behind the other, as a multitap head reads them; the last one gives name and labels.
  /// - Throws: ``PexError`` (defect) when there are no tables or they are of other samples.
  public init(joining tables: [FeatureTable]) throws {
    guard let last = tables.last, tables.allSatisfy({ $0.count == last.count }) else {
      throw PexError(.defect, "\(tables.count) tables of features that do not belong together")
    }
    try self.init(tap: last.tap, width: tables.reduce(0) { $0 + $1.width })
    // Heads of several exits read the same taps: rows are put together when they are read, not kept once a head.
    (parts, labels) = (tables, last.labels)
  }

  /// A table of rows in a file, without labels.
  /// - Parameter slots: the place of every sample's record.
  init(tap: String, file: FeatureFile, slots: [Int]) {
    self.tap = tap
    width = file.width
    labels = slots.map { _ in nil }
    stored = (file, slots)
  }

  /// The number of samples.
  public var count: Int { labels.count }

  /// Some samples alone. The rows must be below ``count``.
  func picking(_ rows: [Int]) throws -> FeatureTable {
    guard rows.count < count else { return self }
    var result = try FeatureTable(tap: tap, width: width)
    result.reserve(rows.count)
    for row in rows {
      result.values += try self.row(row)
      result.labels.append(labels[row])
    }
    return result
  }

  /// Some samples alone, in the file where the rows lie in one. The rows must be below ``count``.
  func keeping(_ rows: [Int]) throws -> FeatureTable {
    guard let stored, rows.count < count else { return try picking(rows) }
    var result = FeatureTable(tap: tap, file: stored.file, slots: rows.map { stored.slots[$0] })
    result.labels = rows.map { labels[$0] }
    return result
  }

  /// Makes room for so many samples in all, to save copying.
  public mutating func reserve(_ samples: Int) {
    labels.reserveCapacity(samples)
    values.reserveCapacity(samples * width)
  }

  /// Adds one sample.
  ///
  /// - Parameter features: ``width`` numbers, as the head's fully connected layer reads them.
  /// - Throws: ``PexError``: malformed when a number is not finite or the label is negative, naming the sample (from 0)
  ///   and the tap; defect when the number of features is another or the rows lie in a file or in other tables. The table
  ///   is then as it was.
  public mutating func append(_ features: UnsafeBufferPointer<Float>, label: Int?) throws {
    guard features.count == width, stored == nil, parts.isEmpty else {
      throw PexError(.defect, "\(tap): \(features.count) features where \(width) were expected")
    }
    guard features.allSatisfy(\.isFinite) else {
      throw PexError(.malformed, "sample \(count): \(tap) has features that are not finite numbers")
    }
    guard label ?? 0 >= 0 else { throw PexError(.malformed, "sample \(count): negative label") }
    values.append(contentsOf: features)
    labels.append(label)
  }

  /// Adds one sample; see ``append(_:label:)-(UnsafeBufferPointer<Float>,_)``.
  public mutating func append(_ features: [Float], label: Int?) throws {
    try features.withUnsafeBufferPointer { try append($0, label: label) }
  }

  /// Gives the samples other labels, one each.
  /// - Throws: ``PexError``: defect when there are not as many as samples, malformed when one is negative.
  public mutating func relabel(_ labels: [Int?]) throws {
    guard labels.count == count else { throw PexError(.defect, "\(tap): \(labels.count) labels for \(count) samples") }
    if let sample = labels.firstIndex(where: { $0 ?? 0 < 0 }) {
      throw PexError(.malformed, "sample \(sample): negative label")
    }
    self.labels = labels
  }

  /// The features of one sample. `row` must be below ``count``.
  /// - Throws: ``PexError`` (inputOutput) when they lie in a file that cannot be read any more.
  public func row(_ row: Int) throws -> ArraySlice<Float> {
    guard stored != nil || !parts.isEmpty else { return values[row * width..<(row + 1) * width] }
    var features: ArraySlice<Float> = []
    try each([row]) { features = ArraySlice(UnsafeBufferPointer(start: $1, count: width)) }
    return features
  }

  /// Calls `body` with the features of some samples in their order; they are valid within the call alone.
  /// - Parameter rows: each must be below ``count``.
  /// - Throws: as ``row(_:)``; whatever `body` throws.
  func each(_ rows: [Int], _ body: (_ position: Int, UnsafePointer<Float>) throws -> Void) throws {
    guard parts.isEmpty else { return try eachJoined(rows, body) }
    if let stored { return try stored.file.read(rows.lazy.map { stored.slots[$0] }, body) }
    try values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for (position, row) in rows.enumerated() { try body(position, base + row * width) }
    }
  }

  private func eachJoined(_ rows: [Int], _ body: (_ position: Int, UnsafePointer<Float>) throws -> Void) throws {
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { whole in
      guard let base = whole.baseAddress else { return }
      for (position, row) in rows.enumerated() {
        var place = base
        for part in parts {
          try part.each([row]) { place.update(from: $1, count: part.width) }
          place += part.width
        }
        try body(position, base)
      }
    }
  }
}
