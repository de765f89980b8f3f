import CPexKernels
import PexGraph
import PexHeads
import PexTensor

extension Executor {
  /// A head's logits on a tap that is there, not divided by the temperature: the same bytes as
  /// `Head.logits(features:)`, but that denormal numbers are zero as everywhere in a run; on all threads, and without bringing the tap into another
  /// layout where that can be.
  /// - Parameters:
  ///   - earlier: the pooled features of the head's earlier taps, one tap's after the other.
  ///   - branch: the pooled features of what the head's convolutions compute of the tap, if it has any.
  /// - Throws: ``PexError`` (defect) when the tap is not there or does not fit the head.
  package func logits(
    of head: Head, tap id: ValueID, earlier: [Float] = [], branch: [Float] = []
  ) throws -> [Float] {
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    let features = try earlier + (head.specification.kind == .conv ? [] : pooled(id)) + branch
    guard features.count == head.specification.featureCount else {
      throw PexError(.defect, "\(features.count) features do not fit a head on \(head.specification.featureCount)")
    }
    let rows = head.specification.classes
    return try head.parameter("weight").withFloats { weight in
      try head.parameter("bias").withFloats { bias in
        guard let weight = weight.baseAddress, let bias = bias.baseAddress else { return [] }
        return features.withUnsafeBufferPointer { features in
          [Float](unsafeUninitializedCapacity: rows) { logits, count in
            if let x = features.baseAddress, let output = logits.baseAddress {
              workers.ranges(rows, cost: features.count / 4) { range, _ in
                kernels.dot_rows(range.lowerBound, range.upperBound, features.count, weight, bias, x, output)
              }
            }
            count = rows
          }
        }
      }
    }
  }

  private var kernels: pex_kernels { plan.instructionSet.kernels }

  /// The averages and then the maxima of a tap's channels, `2 * channels` numbers: the same bytes as `poolFeatures`, on all
  /// threads and without bringing the tap into another layout where that can be.
  /// - Throws: ``PexError`` (defect) when the value is no tap or not there.
  package func pooled(_ id: ValueID) throws -> [Float] {
    guard let channels = plan.graph[id].type.tap?.channels else {
      throw PexError(.defect, "'\(plan.graph[id].name)' is no tap")
    }
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    var features = [Float](repeating: 0, count: 2 * channels)
    guard let stored = try blockedTap(id), let map = MapExtents(plan.graph[id].type.perSample), map.samples == 1 else {
      try withValue(id) { tap in
        features.withUnsafeMutableBufferPointer { poolFeatures(tap, channels: channels, into: $0) }
      }
      return features
    }
    let lanes = plan.instructionSet.lanes
    features.withUnsafeMutableBufferPointer { features in
      guard let base = features.baseAddress else { return }
      workers.ranges(map.blocks(lanes), cost: saturatingProduct(map.pixels, lanes)) { range, _ in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * lanes) { pair in
          guard let averages = pair.baseAddress else { return }
          let maxima = averages + lanes
          for block in range {
            kernels.pool_features(map.pixels, stored + block * map.pixels * lanes, averages, maxima)
            let count = min(lanes, map.channels - block * lanes)
            (base + block * lanes).update(from: averages, count: count)
            (base + map.channels + block * lanes).update(from: maxima, count: count)
          }
        }
      }
    }
    return features
  }
}
