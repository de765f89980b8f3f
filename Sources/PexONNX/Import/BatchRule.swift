import PexGraph
import PexTensor

/// What one operation does to the place of the batch.
struct BatchRule {
  let node: Node
  let output: ValueID
  /// The places of what it reads; nil of what does not depend on the batch.
  let inputs: [BatchPlaces.Place?]
  let graph: Graph

  private var first: BatchPlaces.Place {
    get throws {
      guard let place = inputs.first ?? nil else { throw mixes }
      return place
    }
  }

  private var mixes: PexError { PexError(.unsupported, "it mixes samples") }

  private func extents(_ index: Int) -> [Int] { graph[node.inputs[index]].type.perSample }

  /// The place in the result.
  /// - Throws: ``PexError`` (unsupported) when something is computed along the batch.
  func place() throws -> BatchPlaces.Place {
    switch node.operation {
    case .unary, .identity: return try first
    case .binary, .choice: return try aligned()
    case .reshape:
      // All elements in front of the batch; the caller divides them among the axes.
      let place = try first
      return .init(axis: 0, before: extents(0).prefix(place.axis).reduce(place.before, *))
    case .transpose(let transpose):
      var place = try first
      guard let axis = transpose.permutation.firstIndex(of: place.axis) else { throw mixes }
      place.axis = axis
      return place
    case .convolution, .pooling, .globalPooling, .batchNormalization, .transposedConvolution, .lpPooling,
      .localResponseNormalization, .linear, .recurrent, .integerConvolution:
      return try ofSamples()
    case .softmax(let payload): return try beside([payload.axis])
    case .argMax(let payload): return try removing([payload.axis], keeps: payload.keepsAxis)
    case .reduce(let payload): return try removing(payload.axes, keeps: payload.keepsAxes)
    case .standardization(let payload): return try beside(Array(payload.axis..<extents(0).count))
    case .concat(let payload): return try besideAll(payload.axis)
    case .gather(let payload): return try beside([payload.axis])
    case .slice(let payload):
      return try beside(extents(0).indices.filter { payload.starts[$0] != 0 || payload.steps[$0] != 1 || isCut($0) })
    case .pad(let payload): return try beside(extents(0).indices.filter { payload.before[$0] + payload.after[$0] > 0 })
    case .tile(let payload): return try beside(extents(0).indices.filter { payload.repeats[$0] != 1 })
    case .resize: return try beside(extents(0).indices.filter(isCut))
    case .matrixProduct: return try product()
    }
  }

  private func isCut(_ axis: Int) -> Bool { extents(0)[axis] != graph[output].type.perSample[axis] }

  /// Nothing is computed along the first axis of the first input, and nothing else depends on the batch otherwise.
  private func ofSamples() throws -> BatchPlaces.Place {
    let place = try first
    guard place.axis == 0 else { throw mixes }
    for other in inputs.dropFirst() {
      guard let other else { continue }
      guard case .recurrent = node.operation, other == place else { throw mixes }
    }
    return place
  }

  private func beside(_ axes: [Int]) throws -> BatchPlaces.Place {
    let place = try first
    guard !axes.contains(place.axis) else { throw mixes }
    return place
  }

  private func removing(_ axes: [Int], keeps: Bool) throws -> BatchPlaces.Place {
    var place = try beside(axes)
    if !keeps { place.axis -= axes.filter { $0 < place.axis }.count }
    return place
  }

  private func besideAll(_ axis: Int) throws -> BatchPlaces.Place {
    let place = try beside([axis])
    guard inputs.allSatisfy({ $0 == place }) else { throw mixes }
    return place
  }

  /// Axes are counted from the back where values are repeated for each other.
  private func aligned() throws -> BatchPlaces.Place {
    let rank = graph[output].type.rank
    var result: BatchPlaces.Place?
    for (index, place) in inputs.enumerated() {
      guard var place else { continue }
      place.axis += rank - extents(index).count
      guard result == nil || result == place else { throw mixes }
      result = place
    }
    guard let result else { throw mixes }
    return result
  }

  /// The batch may be a row of the left factor, a column of the right one, or an axis in front of both.
  private func product() throws -> BatchPlaces.Place {
    let rank = max(extents(0).count, extents(1).count)
    let place = try aligned()
    let isApart =
      switch (inputs[0] != nil, inputs[1] != nil) {
      case (true, false): place.axis != rank - 1
      case (false, true): place.axis != rank - 2
      default: place.axis < rank - 2
      }
    guard isApart else { throw mixes }
    return place
  }
}
