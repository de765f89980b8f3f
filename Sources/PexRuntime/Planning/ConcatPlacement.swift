import PexGraph

/// Lets what a concatenation joins be computed in its place, so that nothing is copied.
struct ConcatPlacement {
  /// Where parts lie within what they are joined to.
  private(set) var joins: [Stored: JoinedPlace] = [:]

  /// Finds the parts that steps make, and takes them out of the concatenations. Those with nothing left to do stay: what
  /// they give begins its life there at the latest.
  init(_ segments: inout [Segment]) {
    var made: Set<Stored> = []
    for segment in segments.indices {
      var steps: [Step] = []
      for var step in segments[segment].steps {
        if let kernel = step.kernel as? BlockConcatStep, let whole = step.outputs.first {
          let parts = zip(step.inputs, kernel.parts)
          var rest: [(Stored, (start: Int, count: Int))] = []
          for (input, part) in parts {
            if made.contains(input), joins[input] == nil, step.inputs.filter({ $0 == input }).count == 1 {
              joins[input] = JoinedPlace(whole: whole, offset: part.start)
            } else {
              rest.append((input, part))
            }
          }
          step.inputs = rest.map(\.0)
          step.kernel = BlockConcatStep(parts: rest.map(\.1))
        }
        made.formUnion(step.outputs)
        steps.append(step)
      }
      segments[segment].steps = steps
    }
  }
}
