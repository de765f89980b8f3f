import PexGraph
import PexHeads
import PexTensor

/// A head, and the values of a graph that it reads.
public struct PlacedHead: Sendable {
  /// The number of its exit.
  public let exit: Int
  /// The head.
  public let head: Head
  /// What it reads.
  public let tap: ValueID
  /// The earlier taps that it reads as well, in the order of its specification.
  public let earlier: [ValueID]

  /// A head on values of a graph.
  public init(exit: Int, head: Head, tap: ValueID, earlier: [ValueID] = []) {
    self.exit = exit
    self.head = head
    self.tap = tap
    self.earlier = earlier
  }

  /// What its logits are called as an output of a graph.
  public var outputName: String { "exit\(exit)" }
}

extension Graph {
  /// Adds heads as nodes and makes their logits `[N, classes]`, not divided by any temperature, further outputs with the
  /// names of ``PlacedHead/outputName``.
  ///
  /// The nodes compute what `Head.logits(tap:earlier:)` computes, sums in another order. Heads that read the same tap share
  /// its pooled features.
  /// - Returns: the logits, in the order of the heads.
  /// - Throws: ``PexError`` (unsupported) when the graph has a value of an output's name already, (defect) when a head does
  ///   not fit what it reads.
  @discardableResult
  public mutating func add(_ heads: [PlacedHead]) throws -> [ValueID] {
    var made = Made()
    return try heads.map { placed in
      let logits = try naming("the head of exit \(placed.exit)") { try add(placed, &made) }
      addOutput(logits)
      return logits
    }
  }

  /// What heads share.
  private struct Made {
    /// Features of maps.
    var pooled: [ValueID: ValueID] = [:]
    /// What branches compute, by the tap that they read.
    var branches: [ValueID: ValueID] = [:]
  }

  private mutating func add(_ placed: PlacedHead, _ made: inout Made) throws -> ValueID {
    let name = placed.outputName
    guard value(named: name) == nil else {
      throw PexError(
        .unsupported, "its output would be named '\(name)', as a value of the model is already",
        hint: "leave that exit out with --exits")
    }
    guard placed.earlier.count == placed.head.specification.earlier.count else {
      throw PexError(.defect, "it reads \(placed.head.specification.earlier.count) earlier taps")
    }
    let specification = placed.head.specification
    var branches = placed.head.branches[...]
    guard branches.count == specification.branches.count else { throw PexError(.defect, "it lacks branches") }
    var maps: [ValueID] = []
    for (tap, earlier) in zip(placed.earlier, specification.earlier) {
      maps.append(tap)
      if earlier.branch != nil, let branch = branches.popFirst() { maps.append(try add(branch, on: tap, &made)) }
    }
    if specification.kind == .conv {
      // A convolutional head's are its own.
      if let convolution = try placed.head.convolutions() {
        maps.append(try add(convolution, on: placed.tap, name: name + ".branch"))
      }
    } else {
      maps.append(placed.tap)
      if let branch = branches.popFirst() { maps.append(try add(branch, on: placed.tap, &made)) }
    }
    var rows = try maps.map { map in
      if let features = made.pooled[map] { return features }
      let features = try addFeatures(of: map)
      made.pooled[map] = features
      return features
    }
    if rows.count > 1 {
      rows = [try addNode(.concat(Concat(axis: 1)), rows, output: freeName(name + ".features"))]
    }
    return try addNode(.linear(Linear()), rows + parameters(["weight", "bias"], of: placed), output: name)
  }

  /// A branch behind a tap, which all heads that read it share.
  private mutating func add(_ branch: Branch, on tap: ValueID, _ made: inout Made) throws -> ValueID {
    if let map = made.branches[tap] { return map }
    let map = try add(branch, on: tap, name: self[tap].name + ".branch")
    made.branches[tap] = map
    return map
  }

  /// Averages and then maxima of a tap's channels, `[N, 2C]`.
  private mutating func addFeatures(of tap: ValueID) throws -> ValueID {
    let (name, type) = (self[tap].name, self[tap].type)
    guard let map = type.tap, let samples = type.dimensions.first else {
      throw PexError(.defect, "'\(name)' is no tap")
    }
    guard type.rank > 2 else {
      // A map of one element is its own average and its own maximum.
      return try addNode(.concat(Concat(axis: 1)), [tap, tap], output: freeName(name + ".features"))
    }
    let parts = try [(Pooling.Kind.average, ".average"), (.maximum, ".maximum")].map { kind, suffix in
      try addNode(.globalPooling(GlobalPooling(kind: kind)), [tap], output: freeName(name + suffix))
    }
    let joined = try addNode(.concat(Concat(axis: 1)), parts, output: freeName(name + ".pooled"))
    let flat = Reshape([samples, .fixed(2 * map.channels)])
    return try addNode(.reshape(flat), [joined], output: freeName(name + ".features"))
  }

  private mutating func parameters(_ names: [String], of placed: PlacedHead) throws -> [ValueID] {
    try names.map { try addConstant(freeName("\(placed.outputName).\($0)"), try placed.head.parameter($0)) }
  }
}
