import PexTensor
import PexTraining
import Testing

/// Where the line between known and new classes lies.
@Suite struct LiftTests {
  /// Logits of three classes that answer well but for the last one's, which is `off` too high.
  private func logits(off: Float) throws -> (table: LogitTable, labels: [Int]) {
    var generator = SplitMix64(seed: 4)
    let labels = (0..<3000).map { $0 % 3 }
    let values = labels.flatMap { label in
      (0..<3).map { (label == $0 ? 2 : 0) + generator.normal() + ($0 == 2 ? off : 0) }
    }
    return (try LogitTable(classes: 3, values: values), labels)
  }

  private let moving = [false, false, true]

  private func lift(_ table: LogitTable, _ labels: [Int]) throws -> Float {
    try table.lift(moving) { Reference.loss($0, labels) }
  }

  /// What was added is taken away again, in either direction, and no step from there lowers the loss.
  @Test(arguments: [-5.5, -0.75, 0, 0.25, 3] as [Float]) func itIsFound(off: Float) throws {
    let (table, labels) = try logits(off: off)
    let found = try lift(table, labels)
    let plain = try lift(logits(off: 0).table, labels)
    #expect(abs(plain) <= 0.25 && abs(found - (plain - off)) < 0.01)
    let lowest = Reference.loss(try table.lifted(found, moving), labels)
    for other in stride(from: Float(-10), through: 10, by: 0.25) {
      #expect(try lowest <= Reference.loss(table.lifted(other, moving), labels))
    }
  }

  /// Other classes' logits stay, and what no lift can mend ends at the limit.
  @Test func othersStayAndItEnds() throws {
    let (table, labels) = try logits(off: 40)
    let found = try lift(table, labels)
    #expect(found == -10)
    let lifted = try table.lifted(found, moving)
    for index in table.values.indices {
      #expect(lifted.values[index] == table.values[index] + (index % 3 == 2 ? -10 : 0))
    }
    // Classes that nobody is unsure about: nothing to gain.
    #expect(try table.lift([false, false, false]) { Reference.loss($0, labels) } == 0)
  }
}
