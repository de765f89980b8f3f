import PexGraph
import PexTensor

/// Where packing takes constants from, and the threads it works with.
struct WeightSource {
  let graph: Graph
  let workers: Workers

  /// Calls `body` with a constant's elements as float32.
  /// - Throws: ``PexError`` (defect) when there is no such constant or it has not `count` elements.
  func with(_ id: ValueID, count: Int, _ body: (UnsafePointer<Float>) throws -> Void) throws {
    guard let tensor = graph[id].constant, tensor.count == count else {
      throw PexError(.defect, "'\(graph[id].name)' has not the \(count) elements that were planned")
    }
    try tensor.asFloat32().withFloats { numbers in
      if let start = numbers.baseAddress { try body(start) }
    }
  }

  /// Writes a constant, or zeros when there is none, and zeros behind it as far as `padded`.
  func copy(_ id: ValueID?, count: Int, padded: Int, to target: UnsafeMutablePointer<Float>) throws {
    target.update(repeating: 0, count: padded)
    if let id { try with(id, count: count) { target.update(from: $0, count: count) } }
  }
}
