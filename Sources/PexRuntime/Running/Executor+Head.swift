import CPexKernels
import PexGraph
import PexHeads
import PexTensor

/// A map that heads pool: what pooling needs to know of it, looked up once.
struct PooledMap: Sendable {
  /// The value.
  let value: ValueID
  /// Its channels, of each of which two numbers come.
  let channels: Int
  /// How it lies in blocks, when it is one sample's.
  let extents: MapExtents?

  /// A map of a graph.
  /// - Throws: ``PexError`` (defect) when no head can read such a value.
  init(_ value: ValueID, in graph: Graph) throws {
    guard let channels = graph[value].type.tap?.channels else {
      throw PexError(.defect, "'\(graph[value].name)' is no tap")
    }
    self.value = value
    self.channels = channels
    extents = MapExtents(graph[value].type.perSample).flatMap { $0.samples == 1 ? $0 : nil }
  }

  /// How many numbers come of it.
  var featureCount: Int { 2 * channels }
}

extension Executor {
  private var kernels: pex_kernels { plan.instructionSet.kernels }

  /// Pools a map that is there: the averages and then the maxima of its channels, the same numbers as `poolFeatures` but that
  /// denormal numbers are zero as everywhere in a run. Nothing is brought into another layout.
  /// - Parameter features: `featureCount` of the map.
  /// - Throws: ``PexError`` (defect) when the value is not there.
  func pool(_ map: PooledMap, into features: UnsafeMutablePointer<Float>) throws {
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    try withStored(map.value) { numbers, layout in
      guard layout == .blocked, let extents = map.extents else {
        return try withValue(map.value) { tap in
          poolFeatures(
            tap, channels: map.channels,
            into: UnsafeMutableBufferPointer(start: features, count: map.featureCount))
        }
      }
      let lanes = plan.instructionSet.lanes
      // Adding and comparing takes as good as no time beside fetching what another core has written.
      workers.ranges(extents.blocks(lanes), cost: saturatingProduct(extents.pixels, lanes) / 8) { range, _ in
        kernels.pool_features(map.channels, extents.pixels, range.lowerBound, range.upperBound, numbers, features)
      }
    }
  }

  /// The same as an array.
  /// - Throws: ``PexError`` (defect) when the value is no tap or not there.
  package func pooled(_ id: ValueID) throws -> [Float] {
    let map = try PooledMap(id, in: plan.graph)
    return try [Float](unsafeUninitializedCapacity: map.featureCount) { features, count in
      if let base = features.baseAddress { try pool(map, into: base) }
      count = map.featureCount
    }
  }

  /// A head's logits, not divided by the temperature: the same bytes as `Head.logits(features:)`, but that denormal numbers
  /// are zero; on all threads.
  /// - Parameter features: as many as the head reads, in its order.
  /// - Throws: what reading the head's tensors throws.
  package func logits(_ readout: HeadReadout, _ features: UnsafePointer<Float>) throws -> [Float] {
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    return try readout.weight.withFloats { weight in
      try readout.bias.withFloats { bias in
        [Float](unsafeUninitializedCapacity: readout.classes) { logits, count in
          if let weight = weight.baseAddress, let bias = bias.baseAddress, let output = logits.baseAddress {
            workers.ranges(readout.classes, cost: readout.featureCount / 4) { range, _ in
              kernels.dot_rows(
                range.lowerBound, range.upperBound, readout.featureCount, weight, bias, features, output)
            }
          }
          count = readout.classes
        }
      }
    }
  }
}
