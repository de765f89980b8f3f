import PexGraph
import PexTensor

/// Where everything that steps write lies in an executor's memory. What is never alive together shares places.
struct MemoryPlan: Sendable {
  /// Offset and size in floats of each input and each result.
  private(set) var places: [Stored: Range<Int>] = [:]
  /// The size of the memory.
  let floats: Int

  /// Plans for steps that run in the given order.
  ///
  /// - Parameters:
  ///   - inputs: what is there before the first step.
  ///   - ends: for values that are read from outside, the step after which they are read last.
  ///   - joins: for what lies within something else, where.
  ///   - size: floats of a value in its layout.
  /// - Throws: ``PexError`` (malformed) when the sizes cannot be addressed.
  init(
    steps: [Step], inputs: [Stored], ends: [Stored: Int], joins: [Stored: JoinedPlace], size: (Stored) -> Int
  ) throws {
    let outermost = Self.outermost(joins)
    /// What a value lies in, and where.
    func owner(_ stored: Stored) -> JoinedPlace { outermost[stored] ?? JoinedPlace(whole: stored, offset: 0) }
    var last: [Stored: Int] = [:]
    for (number, step) in steps.enumerated() {
      for stored in step.inputs + step.outputs { last[owner(stored).whole] = number }
    }
    for (stored, end) in ends { last[owner(stored).whole] = max(last[owner(stored).whole] ?? 0, end) }
    let wholes = Set(joins.values.map { owner($0.whole).whole })
    var leaving = Dictionary(grouping: last.keys) { last[$0] ?? 0 }

    var layout = ArenaLayout()
    var places: [Stored: Range<Int>] = [:]
    func place(_ stored: Stored) throws {
      let whole = owner(stored).whole
      guard places[whole] == nil else { return }
      let count = size(whole)
      let start = try layout.allocate(count)
      places[whole] = start..<start + count
    }
    for input in inputs where last[input] != nil { try place(input) }
    for (number, step) in steps.enumerated() {
      if let index = step.kernel.overwrites, step.inputs.indices.contains(index), let output = step.outputs.first {
        // An input that nobody reads after this step gives its place to the output.
        let input = step.inputs[index]
        let dies = last[input] == number && step.inputs.filter { $0 == input }.count == 1
        if dies, joins[output] == nil, !wholes.contains(output), !wholes.contains(input), size(input) == size(output),
          let range = places[input], places[output] == nil
        {
          places[output] = range
          leaving[number]?.removeAll { $0 == input }
        }
      }
      for stored in step.outputs { try place(stored) }
      for whole in (leaving[number] ?? []).sorted(by: Self.isEarlier) {
        guard let place = places[whole] else { continue }
        try layout.release(place.lowerBound, place.count)
      }
    }
    floats = layout.size
    for part in joins.keys {
      let place = owner(part)
      guard let whole = places[place.whole] else { continue }
      let start = whole.lowerBound + place.offset
      places[part] = start..<start + size(part)
    }
    self.places = places
  }

  /// For what lies within something, what that lies in at last. Chains may be as long as the network.
  private static func outermost(_ joins: [Stored: JoinedPlace]) -> [Stored: JoinedPlace] {
    var known: [Stored: JoinedPlace] = [:]
    for start in joins.keys {
      var chain: [Stored] = []
      var next = start
      while known[next] == nil, let join = joins[next] {
        chain.append(next)
        next = join.whole
      }
      for part in chain.reversed() {
        guard let join = joins[part] else { continue }
        let outer = known[join.whole] ?? JoinedPlace(whole: join.whole, offset: 0)
        known[part] = JoinedPlace(whole: outer.whole, offset: outer.offset + join.offset)
      }
    }
    return known
  }

  private static func isEarlier(_ a: Stored, _ b: Stored) -> Bool {
    (a.value, a.layout == .plain ? 0 : 1) < (b.value, b.layout == .plain ? 0 : 1)
  }
}

/// A part of something larger.
struct JoinedPlace: Sendable {
  let whole: Stored
  /// Floats in front of it.
  let offset: Int
}
