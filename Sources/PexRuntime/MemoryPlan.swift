import PexGraph
import PexTensor

/// Where every computed value lies in an executor's memory. Values that are never alive together share places.
struct MemoryPlan: Sendable {
  /// Offset and size in floats of each input and computed value.
  private(set) var places: [ValueID: Range<Int>] = [:]
  /// The size of the memory.
  let floats: Int

  /// Plans for steps that run in the given order.
  /// - Parameter kept: values that stay until the run's end.
  /// - Throws: ``PexError`` (malformed) when the sizes cannot be addressed.
  init(_ graph: Graph, steps: [Step], kept: Set<ValueID>) throws {
    var last: [ValueID: Int] = [:]
    for (number, step) in steps.enumerated() {
      for id in step.inputs + step.outputs { last[id] = number }
    }
    var layout = ArenaLayout()
    var places: [ValueID: Range<Int>] = [:]
    func place(_ id: ValueID) throws {
      guard places[id] == nil else { return }
      let count = try graph[id].type.sampleShape().count
      let start = try layout.allocate(count)
      places[id] = start..<start + count
    }
    for input in graph.inputs where last[input.value] != nil || kept.contains(input.value) { try place(input.value) }
    for (number, step) in steps.enumerated() {
      for id in step.outputs { try place(id) }
      for id in Set(step.inputs + step.outputs).sorted() where last[id] == number && !kept.contains(id) {
        guard let place = places[id] else { continue }
        try layout.release(place.lowerBound, place.count)
      }
    }
    floats = layout.size
    self.places = places
  }
}
