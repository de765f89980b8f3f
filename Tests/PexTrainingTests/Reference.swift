import Foundation
import PexTraining

/// What is computed elsewhere, by plain loops in double.
enum Reference {
  /// The cross-entropy of a table's rows, each of which is to be answered as its label says.
  static func loss(_ table: LogitTable, _ labels: [Int], temperature: Float = 1) -> Double {
    labels.enumerated().reduce(0) { sum, sample in
      let row = table.row(sample.offset).map { Double($0 / temperature) }
      return sum + log(row.reduce(0) { $0 + exp($1) }) - row[sample.element]
    }
  }
}
