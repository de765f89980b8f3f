import PexHeads
import PexTensor

/// Raw taps, one a sample, with its label where it has one: what a convolutional head is trained on.
///
/// Much larger than a ``FeatureTable``: `4 * channels * spatial` bytes a sample.
public struct TapTable: Sendable {
  /// The taps, row-major `[channels, spatial…]` each.
  private var table: FeatureTable
  /// Channels of the tap.
  public let channels: Int
  /// Spatial extents of the tap.
  public let spatial: [Int]

  /// An empty table of taps of that shape.
  /// - Throws: ``PexError``: malformed when the size overflows, defect when it is zero.
  public init(tap: String, channels: Int, spatial: [Int]) throws {
    table = try FeatureTable(tap: tap, width: Shape([channels] + spatial).count)
    self.channels = channels
    self.spatial = spatial
  }

  /// Taps that lie in a table already.
  /// - Throws: ``PexError``: malformed when the size overflows, defect when the table's width is another.
  init(_ table: FeatureTable, channels: Int, spatial: [Int]) throws {
    guard try Shape([channels] + spatial).count == table.width else {
      throw PexError(
        .defect, "\(table.tap): rows of \(table.width) are no taps of \(channels) channels over \(spatial)")
    }
    self.table = table
    self.channels = channels
    self.spatial = spatial
  }

  /// The name of the tap, for messages.
  public var tap: String { table.tap }
  /// One label a sample, an index of the class list; nil for a sample without one.
  public var labels: [Int?] { table.labels }
  /// The number of samples.
  public var count: Int { table.count }

  /// Makes room for so many samples in all, to save copying.
  public mutating func reserve(_ samples: Int) { table.reserve(samples) }

  /// Adds one sample.
  ///
  /// - Parameter values: the tap's numbers, `[channels, spatial…]` row-major.
  /// - Throws: ``PexError``: malformed when a number is not finite or the label is negative, naming the sample (from 0)
  ///   and the tap; defect when the number of elements is another. The table is then as it was.
  public mutating func append(_ values: UnsafeBufferPointer<Float>, label: Int?) throws {
    try table.append(values, label: label)
  }

  /// Adds one sample; see ``append(_:label:)-(UnsafeBufferPointer<Float>,_)``.
  public mutating func append(_ values: [Float], label: Int?) throws { try table.append(values, label: label) }

  /// Gives the samples other labels; see ``FeatureTable/relabel(_:)``.
  public mutating func relabel(_ labels: [Int?]) throws { try table.relabel(labels) }

  /// The tap of one sample. `row` must be below ``count``.
  /// - Throws: as ``FeatureTable/row(_:)``.
  public func row(_ row: Int) throws -> ArraySlice<Float> { try table.row(row) }

  /// The same samples as a linear head sees them: averages and maxima of every channel.
  /// - Throws: ``PexError`` (defect) when the shape has no channels.
  public func pooled() throws -> FeatureTable {
    var result = try FeatureTable(tap: tap, width: 2 * channels)
    result.reserve(count)
    var features = [Float](repeating: 0, count: 2 * channels)
    for (sample, label) in labels.enumerated() {
      try table.row(sample).withUnsafeBufferPointer { map in
        features.withUnsafeMutableBufferPointer { poolFeatures(map, channels: channels, into: $0) }
      }
      try result.append(features, label: label)
    }
    return result
  }
}
