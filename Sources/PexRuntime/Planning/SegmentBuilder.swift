import PexGraph
import PexTensor

/// Makes the steps of all segments, and a change of layout in front of each step that needs one.
struct SegmentBuilder {
  let factory: StepFactory
  /// Values that are given out.
  let kept: Set<ValueID>
  /// The segments so far.
  var segments: [Segment] = []
  /// Where the values that are given out lie.
  private(set) var given: [ValueID: GivenValue] = [:]
  /// Everything that is there.
  private var made: Set<Stored> = []

  /// - Parameter inputs: the graph's inputs as they are there.
  init(factory: StepFactory, kept: Set<ValueID>, inputs: [Stored]) {
    self.factory = factory
    self.kept = kept
    made = Set(inputs)
  }

  /// Makes all segments.
  mutating func build(_ cut: SegmentCut) throws {
    let graph = factory.graph
    var consumers: [ValueID: [Int]] = [:]
    for index in cut.nodes.joined() {
      for input in Set(graph.nodes[index].inputs) { consumers[input, default: []].append(index) }
    }
    let fusion = Fusion(graph: graph, consumers: consumers, kept: kept, abilities: factory.abilities)
    for (number, nodes) in cut.nodes.enumerated() {
      segments.append(Segment())
      let computed = nodes.filter { graph.nodes[$0].operation.movesNothing == false }
      for group in fusion.groups(of: computed) { try append(try factory.step(group, made: made)) }
      let isTail = number == cut.nodes.count - 1
      for value in cut.given[number] {
        // What lies in the memory of a map that is there in blocks only.
        if !made.contains(whereMade(value)), !isRaw(whereMade(value)) {
          try append(factory.reorder(to: factory.plain(value)))
        }
        if given[value] != nil {
          if isTail { given[value]?.stays = true }
        } else {
          let isComputed = cut.segment(of: factory.root(value)) >= 0
          given[value] = GivenValue(stored: whereMade(value), segment: isComputed ? number : -1, stays: isTail)
        }
      }
      segments[number].constants = constants(of: segments[number], given: cut.given[number])
    }
  }

  private mutating func append(_ step: Step) throws {
    for input in step.inputs where !made.contains(input) && !isRaw(input) {
      // Blocks of a value that lies in another one's memory are made from that memory, which must be plain first.
      let memory = factory.plain(input.value)
      if input.layout == .blocked, !made.contains(memory), !isRaw(memory) {
        try append(try factory.reorder(to: memory))
      }
      try append(try factory.reorder(to: input))
    }
    segments[segments.count - 1].steps.append(step)
    made.formUnion(step.outputs)
  }

  /// Whether this is a constant as it is.
  private func isRaw(_ stored: Stored) -> Bool {
    stored.layout == .plain && factory.graph[stored.value].constant != nil
  }

  private func whereMade(_ value: ValueID) -> Stored {
    let plain = factory.plain(value)
    return made.contains(plain) || isRaw(plain) ? plain : factory.blocked(value)
  }

  private func constants(of segment: Segment, given: [ValueID]) -> [ValueID] {
    let read = segment.steps.flatMap { $0.inputs.map(\.value) + $0.kernel.packedConstants }
    return Set(read + given.map(factory.root)).filter { factory.graph[$0].constant != nil }.sorted()
  }

  /// For everything that is given out, the step before which it must not go: the end of the run for results, the first
  /// step of the next segment for taps.
  var ends: [Stored: Int] {
    var count = 0
    let nextSteps = segments.map { segment in
      count += segment.steps.count
      return count
    }
    var ends: [Stored: Int] = [:]
    for value in given.values {
      let end = value.stays || value.segment < 0 ? count : nextSteps[value.segment]
      ends[value.stored] = max(ends[value.stored] ?? 0, end)
    }
    return ends
  }
}
