import PexBundle
import PexRuntime
import PexTensor
import PexTraining

/// What all exits on a policy's way answer, so that any threshold can be tried afterwards.
struct PolicySweep {
  private let session: Session
  private var exits: [ExitName] = []
  private var records: [ExitRecord] = []

  init(_ session: Session) { self.session = session }

  /// Adds a sample, which takes every enabled exit on its way to the last resort.
  mutating func add(_ inputs: [Tensor], _ numbers: inout ClassNumbers) throws {
    // Nothing is ever surer than certain, so no exit is taken before the last.
    let answer = try session.run(inputs, .policy(PolicyRecord(.confidence, .infinity)))
    if exits.isEmpty {
      exits = answer.computed.map(\.exit)
      records = exits.map { _ in ExitRecord() }
    }
    for (index, logits) in answer.computed.enumerated() where records.indices.contains(index) {
      let names = logits.exit == answer.exit ? answer.classes : session.heads.classes
      records[index].add(logits.probabilities, of: names, &numbers)
    }
  }

  /// How thresholds do; nil when there is nothing to choose between.
  func curve(_ labels: [Int]) throws -> PolicyCurve? {
    guard exits.count > 1, !labels.isEmpty else { return nil }
    return try PolicyCurve(exits: records.map { try $0.predictions() }, labels: labels, costs: costs())
  }

  /// Shares of the trunk's multiply-accumulates up to each exit, with every head on the way.
  private func costs() throws -> [Double] {
    let heads = session.heads.entries.filter { exits.contains(.exit($0.exit)) }
      .map { ($0.exit, $0.head.specification) }
    let costs = try ExitCosts(of: heads, in: session.model, withFinal: heads.count < exits.count)
    return costs.taking(exits.map { _ in true })
  }
}
