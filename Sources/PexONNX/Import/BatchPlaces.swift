import PexGraph
import PexTensor

/// Where the batch lies in every value of a network that was imported twice, for one sample and for many: whether samples
/// stay apart is told by following the batch from the inputs on.
///
/// The batch need not be an axis of its own: `[T, N, C]` under the extents `[T * N, C]` has it inside the first one. An
/// operation keeps samples apart when it computes nothing along the axis in which the batch is.
struct BatchPlaces {
  /// A place in a value for one sample.
  struct Place: Equatable {
    /// The axis in which the batch is.
    var axis: Int
    /// The elements of that axis in front of the batch: 1 where they are none but the batch.
    var before: Int
  }

  /// So many samples that no bound in a network means them by chance.
  static let many = 509

  private let one: Graph
  private let other: Graph
  /// The place of every value that depends on the batch.
  private(set) var places: [ValueID: Place] = [:]
  /// Whether they are known, and not only which values depend on the batch.
  let areKnown: Bool

  /// Which values of a network for one sample depend on it. A file that knows no other batch than 1 says nothing of what
  /// several samples would do to each other: each is a run of its own.
  init(single: Graph, inputs: Set<ValueID>) {
    (one, other, areKnown) = (single, single, false)
    for input in inputs { places[input] = Place(axis: 0, before: 1) }
    for node in single.nodes where node.inputs.contains(where: { places[$0] != nil }) {
      for output in node.outputs { places[output] = Place(axis: 0, before: 1) }
    }
  }

  /// Follows the batch through a network.
  /// - Parameters:
  ///   - one: the network for one sample, all extents known.
  ///   - many: the same network for ``many`` samples.
  /// - Throws: ``PexError`` (unsupported) naming the node that mixes samples, or of which that cannot be told.
  init(one: Graph, many: Graph) throws {
    (self.one, other, areKnown) = (one, many, true)
    guard one.values.count == many.values.count, one.nodes.count == many.nodes.count, one.outputs == many.outputs else {
      throw PexError(.unsupported, "it is another network for several samples")
    }
    for id in one.values.indices.map(ValueID.init) where one[id].constant != nil || many[id].constant != nil {
      places[id] = try naming("'\(one[id].name)'") { try constantPlace(id) }
    }
    for input in one.inputs { places[input.value] = try place(of: input.value, before: nil) }
    for (node, other) in zip(one.nodes, many.nodes) {
      try naming("node '\(node.name)'") {
        guard node.inputs == other.inputs, node.outputs == other.outputs,
          node.operation.mnemonic == other.operation.mnemonic
        else { throw PexError(.unsupported, "it is another one for several samples") }
        try follow(node)
      }
    }
  }

  /// A stored tensor that has the batch as an axis has to hold the same for every sample.
  private func constantPlace(_ id: ValueID) throws -> Place? {
    guard let single = one[id].constant, let repeated = other[id].constant else {
      throw PexError(.unsupported, "it is known for one sample alone")
    }
    guard let place = try place(of: id, before: 1) else {
      guard single.isIdentical(to: repeated) else {
        throw PexError(.unsupported, "it depends on the number of samples")
      }
      return nil
    }
    let run = single.shape.dimensions.dropFirst(place.axis).reduce(1, *)
    let (few, all) = (single.floats, repeated.floats)
    let isSame = all.indices.allSatisfy { index in
      let (row, rest) = (index / (Self.many * run), index % run)
      return few.indices.contains(row * run + rest) && few[row * run + rest] == all[index]
    }
    guard isSame, single.shape[place.axis] == 1 else { throw PexError(.unsupported, "it differs between samples") }
    return place
  }

  /// The axis that is as many times as long for several samples; nil where the batch is none.
  /// - Parameter before: what lies in front of the batch within the axis; 1 when nil.
  private func place(of id: ValueID, before: Int?) throws -> Place? {
    let (few, many) = (one[id].type.perSample, other[id].type.perSample)
    guard few.count == many.count else {
      throw PexError(.unsupported, "'\(one[id].name)' has other axes for several samples")
    }
    let axes = few.indices.filter { few[$0] != many[$0] }
    guard let axis = axes.first else { return nil }
    guard axes.count == 1, many[axis] == Self.many * few[axis] else {
      throw PexError(.unsupported, "'\(one[id].name)' is no multiple for several samples")
    }
    return Place(axis: axis, before: before ?? 1)
  }

  /// Finds the places of what a node gives.
  private mutating func follow(_ node: Node) throws {
    let inputs = node.inputs.map { places[$0] }
    guard inputs.contains(where: { $0 != nil }) else {
      for output in node.outputs where try place(of: output, before: 1) != nil {
        throw PexError(.unsupported, "its result depends on the number of samples")
      }
      return
    }
    for output in node.outputs {
      let found = try BatchRule(node: node, output: output, inputs: inputs, graph: one).place()
      guard let axis = try place(of: output, before: 1)?.axis else {
        throw PexError(.unsupported, "it joins samples")
      }
      var result = found
      if case .reshape = node.operation {
        // Extents of 1 do not tell on which of them the batch lies; those for several samples do.
        result.axis = axis
        let front = one[output].type.perSample.prefix(axis).reduce(1, *)
        guard front > 0, result.before % front == 0, one[output].type.perSample[axis] % (result.before / front) == 0
        else { throw PexError(.unsupported, "it joins samples") }
        result.before /= front
      }
      guard result.axis == axis else { throw PexError(.unsupported, "it mixes samples") }
      places[output] = result
    }
  }
}
