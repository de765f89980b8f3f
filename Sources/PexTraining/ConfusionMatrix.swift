import PexTensor

/// Which classes are taken for which on some labelled samples.
public struct ConfusionMatrix: Hashable, Sendable {
  /// A true class, what was answered, and how often.
  public struct Cell: Hashable, Sendable {
    /// The number of the true class.
    public let truth: Int
    /// The number of the class that was answered.
    public let answer: Int
    /// Samples, at least 1.
    public let count: Int
  }

  /// Numbers of the classes that occur, as truth or as answer, rising.
  public let classes: [Int]
  /// What occurs, by truth and then answer: never more cells than samples, however many classes there are.
  public let cells: [Cell]

  /// Counts pairs of truth and answer.
  /// - Throws: ``PexError`` (defect) when there are not as many labels as samples.
  public init(_ predictions: Predictions, labels: [Int]) throws {
    guard labels.count == predictions.count else {
      throw PexError(.defect, "\(labels.count) labels for \(predictions.count) samples")
    }
    var counts: [Int: [Int: Int]] = [:]
    for (truth, answer) in zip(labels, predictions.classes) { counts[truth, default: [:]][answer, default: 0] += 1 }
    classes = Set(labels + predictions.classes).sorted()
    cells = counts.sorted { $0.key < $1.key }.flatMap { truth, answers in
      answers.sorted { $0.key < $1.key }.map { Cell(truth: truth, answer: $0.key, count: $0.value) }
    }
  }

  /// One row a true class, one column an answered class, both in the order of ``classes``. Quadratic in the classes.
  public var rows: [[Int]] {
    let places = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
    var rows = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for cell in cells {
      guard let row = places[cell.truth], let column = places[cell.answer] else { continue }
      rows[row][column] = cell.count
    }
    return rows
  }

  /// The wrong answers that are most frequent, at most so many, the most frequent first; of equals the smaller numbers.
  public func mostConfused(_ most: Int) -> [Cell] {
    let wrong = cells.filter { $0.truth != $0.answer }
    return Array(wrong.sorted { ($1.count, $0.truth, $0.answer) < ($0.count, $1.truth, $1.answer) }.prefix(most))
  }

  /// How many samples belong to a class.
  public func count(of truth: Int) -> Int { cells.reduce(0) { $0 + ($1.truth == truth ? $1.count : 0) } }
}
