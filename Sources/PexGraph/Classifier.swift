import PexTensor

/// What the numbers of the primary output are.
public enum OutputKind: String, CaseIterable, Sendable {
  /// Unnormalised scores: softmax makes probabilities of them.
  case logits
  /// The output ends in a softmax, or, of two classes, in a sigmoid.
  case probabilities
  /// The output ends in the logarithm of a softmax.
  case logProbabilities = "log_probabilities"
  /// Not a single-label classifier: policies, distillation and pseudo-labels do not apply.
  case none
}

/// Which output answers, and where its logits are.
public struct Classifier: Hashable, Sendable {
  /// The primary output.
  public var output: ValueID
  /// What the primary output's numbers are.
  public var kind: OutputKind
  /// The logits `[N, classes]`: the output itself, what its softmax reads, or what was made of these. Policies and losses
  /// read only these.
  public var logits: ValueID

  /// A classifier.
  public init(output: ValueID, kind: OutputKind, logits: ValueID) {
    self.output = output
    self.kind = kind
    self.logits = logits
  }
}

extension Graph {
  /// Finds the primary output, or takes the one named, and tells logits from probabilities by what the output ends in: a
  /// softmax over its classes gives probabilities and its input is the logits; sigmoids of several classes are no
  /// single-label classifier, nor are numbers that are divided by their length; anything else is taken as logits.
  ///
  /// A row of numbers answers: `[N, C]`, or `[N, C, 1, 1]`, `[N, 1, C]` and the like, whose logits a reshaping behind the
  /// output gives. Of several rows the first answers that no other goes beyond by a layer, so that an embedding in front of
  /// the classifier is none; where another of these ends in a softmax and that one does not, as where boxes and landmarks stand
  /// beside classes, the one with the softmax. One number that a sigmoid gives is the second of two classes: its logits are
  /// `[0, z]`, whose softmax is `[1 - p, p]`; one number of another kind is that when `kind` says so.
  ///
  /// - Parameters:
  ///   - name: an output's name, when the choice is the user's.
  ///   - kind: what the numbers are, when the user says so.
  /// - Returns: nil when there is no output. Nodes that only the logits need stand behind all others.
  /// - Throws: ``PexError`` (usage) when there is no such output, or the kind that was given cannot be.
  public mutating func findClassifier(output name: String? = nil, kind: OutputKind? = nil) throws -> Classifier? {
    guard let output = try chosenOutput(name) else { return nil }
    guard self[output].type.row != nil else {
      guard kind == nil || kind == OutputKind.none else {
        throw PexError(
          .usage, "output '\(self[output].name)' is \(self[output].type), not [N,C]: its kind can only be none",
          hint: rowsHint)
      }
      return Classifier(output: output, kind: .none, logits: output)
    }
    let ending = ending(of: output)
    let wanted = kind ?? ending.kind(in: self, output)
    switch wanted {
    case .none: return Classifier(output: output, kind: .none, logits: output)
    case .logits:
      return Classifier(output: output, kind: .logits, logits: try logits(of: output, named: output))
    case .probabilities, .logProbabilities:
      // Without a softmax to look behind, log-probabilities serve as logits; probabilities cannot.
      if wanted == .probabilities, !ending.hidesLogits {
        throw PexError(
          .usage, "output '\(self[output].name)' does not end in a softmax", hint: "name the logits with --output")
      }
      return Classifier(output: output, kind: wanted, logits: try logits(of: ending.logits ?? output, named: output))
    }
  }

  /// The output of that name, or the one that answers best.
  private func chosenOutput(_ name: String?) throws -> ValueID? {
    guard let name else {
      let rows = outputs.filter { self[$0].type.row != nil }
      let tiers = [
        rows.filter { self[$0].type.rank == 2 && self[$0].type.row != 1 }, rows.filter { self[$0].type.row != 1 },
        rows.filter { self[$0].type.rank == 2 }, rows,
      ]
      let tier = tiers.first { !$0.isEmpty } ?? []
      return first(of: tier) ?? outputs.first
    }
    guard let chosen = outputs.first(where: { self[$0].name == name }) else {
      let names = outputs.map { self[$0].name }.joined(separator: ", ")
      throw PexError(.usage, "there is no output '\(name)'", hint: "the outputs are \(names)")
    }
    return chosen
  }

  /// So many outputs are compared.
  private static let mostCandidates = 64

  /// The first of some outputs that no other one goes beyond: all layers in front of an embedding are in front of the
  /// classifier too, which has one more. Of logits and their softmax neither goes beyond the other, and the first stays; of
  /// others that end apart the one with a softmax over classes is preferred.
  private func first(of candidates: [ValueID]) -> ValueID? {
    let layers = candidates.prefix(Self.mostCandidates).map { candidate in
      Set(ancestors(of: [candidate]).nodes.filter { nodes[$0].operation.isWork })
    }
    let ends = layers.indices.filter { place in !layers.contains { $0.isStrictSuperset(of: layers[place]) } }
    func tellsClasses(_ place: Int) -> Bool {
      [.probabilities, .logProbabilities].contains(ending(of: candidates[place]).kind(in: self, candidates[place]))
    }
    guard let first = ends.first else { return nil }
    let hasSoftmax = ends.contains { layers[$0] == layers[first] && tellsClasses($0) }
    return candidates[hasSoftmax ? first : ends.first(where: tellsClasses) ?? first]
  }

  /// Outputs with a row of numbers a sample that do not answer, though they might.
  public var otherRows: [ValueID] {
    guard let classifier else { return [] }
    return outputs.filter { $0 != classifier.output && (self[$0].type.row ?? 1) > 1 }
  }

  private var rowsHint: String? {
    let rows = outputs.filter { self[$0].type.row != nil }.map { self[$0].name }
    return rows.isEmpty ? nil : "outputs with a number a class: \(rows.joined(separator: ", "))"
  }
}

/// What an output ends in.
private enum OutputEnding {
  case softmax(ValueID)
  case logSoftmax(ValueID)
  case sigmoid(ValueID)
  /// A softmax over something else than the classes, or sigmoids of a map.
  case otherShares
  /// Numbers divided by their length.
  case direction
  case anything

  /// The numbers in front.
  var logits: ValueID? {
    switch self {
    case .softmax(let value), .logSoftmax(let value), .sigmoid(let value): value
    case .otherShares, .direction, .anything: nil
    }
  }

  /// Whether probabilities of classes come out whose logits are known: of sigmoids when somebody says that one class holds.
  var hidesLogits: Bool {
    switch self {
    case .softmax, .sigmoid: true
    case .logSoftmax, .otherShares, .direction, .anything: false
    }
  }

  /// What the numbers of an output are, as far as its end tells.
  func kind(in graph: Graph, _ output: ValueID) -> OutputKind {
    let isOne = graph[output].type.row == 1
    return switch self {
    case .softmax: isOne ? .none : .probabilities
    case .logSoftmax: isOne ? .none : .logProbabilities
    case .sigmoid: isOne ? .probabilities : .none
    case .otherShares, .direction: .none
    case .anything: isOne ? .none : .logits
    }
  }
}

extension Graph {
  /// Whether the output that answers gives a probability of its own for every class: many may hold at once.
  public var hasManyLabels: Bool {
    guard let classifier, let classes = self[classifier.output].type.row, classes > 1 else { return false }
    if case .sigmoid = ending(of: classifier.output) { return true }
    return false
  }

  /// Whether the output that answers is an embedding of length 1.
  public var answersWithDirection: Bool {
    guard let classifier else { return false }
    if case .direction = ending(of: classifier.output) { return true }
    return false
  }

  /// Whether the output that answers is one number, with logits that were made of it.
  public var answersWithOneNumber: Bool {
    guard let classifier, classifier.kind != .none else { return false }
    return self[classifier.output].type.row == 1 && self[classifier.logits].type.row == 2
  }

  /// Whether a node divides what it reads by its length: embeddings are compared by their direction alone.
  private func scalesToLength(_ node: Node) -> Bool {
    guard case .binary(let binary) = node.operation, binary.kind == .divide else { return false }
    let length = ancestors(of: [node.inputs[1]])
    guard length.values.contains(node.inputs[0]) else { return false }
    return Set(length.nodes).subtracting(ancestors(of: [node.inputs[0]]).nodes).contains { index in
      switch nodes[index].operation {
      case .reduce(let reduce): reduce.kind == .norm
      case .unary(let unary): unary.kind == .squareRoot
      default: false
      }
    }
  }

  /// What an output ends in, looking through what only gives its numbers other extents.
  private func ending(of output: ValueID) -> OutputEnding {
    var value = output
    let producers = producers()
    while let node = producers[value].map({ nodes[$0] }) {
      switch node.operation {
      case .identity, .reshape: value = node.inputs[0]
      case .transpose:
        // Numbers of a row keep their order.
        guard self[node.inputs[0]].type.perSample.filter({ $0 != 1 }).count <= 1 else { return .anything }
        value = node.inputs[0]
      case .softmax(let softmax):
        let input = node.inputs[0]
        guard let classes = self[input].type.row, self[input].type.perSample[softmax.axis] == classes else {
          return .otherShares
        }
        return softmax.logarithm ? .logSoftmax(input) : .softmax(input)
      case .unary(let unary) where unary.kind == .sigmoid:
        return self[node.inputs[0]].type.row == nil ? .otherShares : .sigmoid(node.inputs[0])
      case .binary where scalesToLength(node): return .direction
      case .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary, .concat, .reduce,
        .pad, .transposedConvolution, .lpPooling, .localResponseNormalization, .standardization, .slice, .gather,
        .tile, .argMax, .matrixProduct, .resize, .choice, .recurrent, .integerConvolution:
        return .anything
      }
    }
    return .anything
  }

  /// A row of numbers as logits `[N, C]`; one number `z` becomes `[0, z]`.
  private mutating func logits(of value: ValueID, named output: ValueID) throws -> ValueID {
    let (name, type) = (self[output].name + ".logits", self[value].type)
    guard let classes = type.row, let first = type.dimensions.first else { return value }
    let batch = type.rank == 1 && !type.hasBatch ? 1 : first
    var row = value
    if type.rank != 2 {
      row = try addNode(.reshape(Reshape([batch, .fixed(classes)])), [value], output: freeName(name))
    }
    guard classes == 1 else { return row }
    return try addNode(.pad(Pad(before: [0, 1], after: [0, 0])), [row], output: freeName(name))
  }
}

extension ValueType {
  /// How many numbers a sample has, when they stand in one row: `[N, C]`, or more axes of which all others are 1, or `[N]`, or
  /// `[C]` of a network for one sample. Nil for anything else.
  public var row: Int? {
    guard dtype.isFloat, rank >= 1 else { return nil }
    if rank == 1 { return perSample[0] }
    if rank == 2 { return perSample[1] }
    let extents = perSample.filter { $0 != 1 }
    guard extents.count <= 1, perSample[0] == 1 else { return nil }
    return extents.first ?? 1
  }
}
