import PexTensor

/// What the numbers of the primary output are.
public enum OutputKind: String, CaseIterable, Sendable {
  /// Unnormalised scores: softmax makes probabilities of them.
  case logits
  /// The output ends in a softmax.
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
  /// The logits `[N, classes]`: the output itself, or what its softmax reads. Policies and losses read only these.
  public var logits: ValueID

  /// A classifier.
  public init(output: ValueID, kind: OutputKind, logits: ValueID) {
    self.output = output
    self.kind = kind
    self.logits = logits
  }
}

extension Graph {
  /// Finds the primary output, the first float output of shape `[N, C]` or the one named, and tells logits from
  /// probabilities by what the output ends in: a softmax over its last axis gives probabilities and its input is the
  /// logits; a sigmoid is no single-label classifier; anything else is taken as logits.
  ///
  /// - Parameters:
  ///   - name: an output's name, when the choice is the user's.
  ///   - kind: what the numbers are, when the user says so.
  /// - Returns: nil when no output qualifies and none was named.
  /// - Throws: ``PexError`` (usage) when there is no such output, or the kind that was given cannot be.
  public func findClassifier(output name: String? = nil, kind: OutputKind? = nil) throws -> Classifier? {
    let candidates = outputs.filter { self[$0].type.rank == 2 && self[$0].type.dtype.isFloat }
    var chosen = candidates.first
    if let name {
      chosen = outputs.first { self[$0].name == name }
      guard chosen != nil else {
        let names = outputs.map { self[$0].name }.joined(separator: ", ")
        throw PexError(.usage, "there is no output '\(name)'", hint: "the outputs are \(names)")
      }
    }
    guard let output = chosen ?? outputs.first else { return nil }
    guard candidates.contains(output) else {
      guard kind == nil || kind == OutputKind.none else {
        throw PexError(
          .usage, "output '\(self[output].name)' is \(self[output].type), not [N,C]: its kind can only be none")
      }
      return Classifier(output: output, kind: .none, logits: output)
    }
    let (found, logits) = ending(of: output)
    switch kind ?? found {
    case .logits: return Classifier(output: output, kind: .logits, logits: output)
    case .none: return Classifier(output: output, kind: .none, logits: output)
    case .probabilities, .logProbabilities:
      // Without a softmax to look behind, log-probabilities serve as logits; probabilities cannot.
      if kind == .probabilities, found != .probabilities {
        throw PexError(
          .usage, "output '\(self[output].name)' does not end in a softmax", hint: "name the logits with --output")
      }
      return Classifier(output: output, kind: kind ?? found, logits: logits)
    }
  }

  /// What an output ends in, looking through identities and reshapes that keep it `[N, C]`.
  private func ending(of output: ValueID) -> (OutputKind, ValueID) {
    var value = output
    while let node = producer(of: value) {
      switch node.operation {
      case .identity, .reshape: value = node.inputs[0]
      case .softmax(let softmax) where softmax.axis == 1 && self[node.inputs[0]].type.rank >= 2:
        guard self[node.inputs[0]].type.rank == 2 else { return (.none, output) }
        return (softmax.logarithm ? .logProbabilities : .probabilities, node.inputs[0])
      case .unary(let unary) where unary.kind == .sigmoid: return (.none, output)
      case .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary, .concat, .transpose,
        .softmax, .reduce, .pad, .transposedConvolution, .lpPooling, .localResponseNormalization, .standardization,
        .slice, .gather, .tile, .argMax, .matrixProduct, .resize, .choice, .recurrent, .integerConvolution:
        return (.logits, output)
      }
    }
    return (.logits, output)
  }
}
