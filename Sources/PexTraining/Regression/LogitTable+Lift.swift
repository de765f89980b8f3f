import PexTensor

extension LogitTable {
  /// What is added to the logits of some classes so that the loss is lowest, in quarters from -10 to 10; of equals the smallest.
  ///
  /// Rows that were fitted to samples are too sure of these to say where the line to what was known lies: samples that trained
  /// nothing say that.
  /// - Parameters:
  ///   - moving: which classes' logits.
  ///   - loss: of a table; convex in what is added, as cross-entropy is.
  package func lift(_ moving: [Bool], loss: (LogitTable) throws -> Double) throws -> Float {
    var best = (steps: 0, loss: try loss(self))
    for direction in [1, -1] {
      while abs(best.steps) < Self.mostSteps {
        let next = best.steps + direction
        let found = try loss(lifted(Float(next) / 4, moving))
        guard found < best.loss else { break }
        best = (next, found)
      }
      if best.steps != 0 { break }
    }
    return Float(best.steps) / 4
  }

  /// The table with something added to the logits of some classes.
  package func lifted(_ lift: Float, _ moving: [Bool]) throws -> LogitTable {
    guard lift != 0 else { return self }
    let values = values.enumerated().map { moving[$0 % classes] ? $1 + lift : $1 }
    return try LogitTable(classes: classes, values: values, prior: prior)
  }

  private static let mostSteps = 40
}
