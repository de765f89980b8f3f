import PexHeads
import PexTensor
import PexTraining

/// Samples of `classes` overlapping clusters, class by class in turn, on features of different scale and mean.
func clusters(
  _ count: Int, width: Int = 12, classes: Int = 3, spread: Float = 1, seed: UInt64 = 1, centres: UInt64 = 77
) throws -> FeatureTable {
  var (generator, places) = (SplitMix64(seed: seed), SplitMix64(seed: centres))
  let centre = (0..<classes * width).map { _ in places.normal() }
  var table = try FeatureTable(tap: "exit 1", width: width)
  for sample in 0..<count {
    let label = sample % classes
    let row = (0..<width).map { index in
      (centre[label * width + index] + spread * generator.normal()) * Float(1 + index) + Float(10 * index)
    }
    try table.append(row, label: label)
  }
  return table
}

/// What a linear head on ``clusters(_:width:classes:spread:seed:centres:)`` looks like.
func linear(width: Int = 12, classes: Int = 3) throws -> HeadSpecification {
  try HeadSpecification(kind: .linear, channels: width / 2, spatial: [2, 2], classes: classes)
}

/// The share of a table's samples that a head answers right.
func accuracy(_ head: Head, _ table: FeatureTable) throws -> Double {
  let rows = try (0..<table.count).flatMap { try head.logits(features: Array(table.row($0))) }
  return try LogitTable(classes: head.specification.classes, values: rows).accuracy(table.labels.map { $0 ?? -1 })
}
