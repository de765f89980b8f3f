import PexGraph
import PexTensor

extension Recurrent: ONNXExportable {
  /// The operator with its sequence in front and the batch behind: runtimes know no other layout.
  func export(to node: NodeExport) throws {
    let x = node.step("Transpose", [node.inputs[0]], [.integers("perm", [1, 0, 2])], suffix: "sequence")
    let front = try node.integers([0], suffix: "front")
    func direction(_ value: String, _ suffix: String) -> String {
      node.step("Unsqueeze", [value, front], suffix: suffix)
    }
    let bias = try node.reshaped(node.inputs[3], [1, -1], suffix: "bias")
    var inputs = [x, direction(node.inputs[1], "weight"), direction(node.inputs[2], "recurrent"), bias]
    let lengths = try spread(.lengths, [], node).map { node.step("Cast", [$0], [.integer("to", 6)], suffix: "lengths") }
    inputs += [lengths ?? "", try state(.state, node, front) ?? ""]
    if cell == .lstm {
      let peepholes = position(of: .peepholes).map { direction(node.inputs[$0], "peepholes") }
      inputs += [try state(.cell, node, front) ?? "", peepholes ?? ""]
    }
    while inputs.last == "" { inputs.removeLast() }
    let results = node.steps(
      cell.rawValue.uppercased(), inputs, try attributes(node), suffixes: ["states", "last", "cell"],
      node.outputTypes.count)
    for (place, result) in results.enumerated().dropFirst() where node.outputsAreUsed[place] {
      node.write("Squeeze", [result, front], output: place)
    }
    guard node.outputsAreUsed[0] else { return }
    let turned = try node.step(
      "Squeeze", [results[0], node.integers([1], suffix: "direction")], suffix: "squeezed")
    node.write("Transpose", [turned], [.integers("perm", [1, 0, 2])], output: 0)
  }

  private func attributes(_ node: NodeExport) throws -> [ExportAttribute] {
    var list: [ExportAttribute] = [
      .integer("hidden_size", node.inputTypes[2].perSample[1]),
      .string("direction", isReversed ? "reverse" : "forward"),
      .strings("activations", try functions.map { try $0.word }),
    ]
    let (alphas, betas) = (functions.flatMap(\.alphas), functions.flatMap(\.betas))
    if !alphas.isEmpty { list.append(.floats("activation_alpha", alphas)) }
    if !betas.isEmpty { list.append(.floats("activation_beta", betas)) }
    if clip.isFinite { list.append(.float("clip", clip)) }
    if couplesGates { list.append(.flag("input_forget", true)) }
    if cell == .gru { list.append(.flag("linear_before_reset", resetsAfter)) }
    return list
  }

  private func state(_ extra: Extras, _ node: NodeExport, _ front: String) throws -> String? {
    let units = node.inputTypes[2].perSample[1]
    return try spread(extra, [units], node).map {
      node.step("Unsqueeze", [$0, front], suffix: extra == .cell ? "cell.start" : "start")
    }
  }

  /// An optional input with a row for each sample.
  private func spread(_ extra: Extras, _ extents: [Int], _ node: NodeExport) throws -> String? {
    guard let place = position(of: extra) else { return nil }
    let batch = node.inputTypes[0].dimensions[0]
    guard node.inputTypes[place].dimensions[0] != batch else { return node.inputs[place] }
    let suffix = "\(place)"
    var shape = node.step(
      "Shape", [node.inputs[0]], [.integer("start", 0), .integer("end", 1)], suffix: "batch.\(suffix)")
    if !extents.isEmpty {
      let behind = try node.integers(extents, suffix: "extents.\(suffix)")
      shape = node.step("Concat", [shape, behind], [.integer("axis", 0)], suffix: "shape.\(suffix)")
    }
    return node.step("Expand", [node.inputs[place], shape], suffix: "spread.\(suffix)")
  }
}

extension Recurrent.Function {
  /// The operator's word for it.
  fileprivate var word: String {
    get throws {
      switch kind {
      case .affine: "Affine"
      case .relu: "Relu"
      case .leakyRelu: "LeakyRelu"
      case .thresholdedRelu: "ThresholdedRelu"
      case .tanh: "Tanh"
      case .scaledTanh: "ScaledTanh"
      case .sigmoid: "Sigmoid"
      case .hardSigmoid: "HardSigmoid"
      case .elu: "Elu"
      case .softsign: "Softsign"
      case .softplus: "Softplus"
      case .selu, .exponential, .swish, .gelu:
        throw PexError(.unsupported, "ONNX has no recurrent layer with the function \(kind.rawValue)")
      }
    }
  }

  /// What it takes of the list `activation_alpha`.
  fileprivate var alphas: [Double] { Self.settings(of: kind) >= 1 ? [alpha] : [] }
  /// What it takes of the list `activation_beta`.
  fileprivate var betas: [Double] { Self.settings(of: kind) == 2 ? [beta] : [] }

  /// How many settings a function has.
  static func settings(of kind: Kind) -> Int {
    switch kind {
    case .affine, .scaledTanh, .hardSigmoid, .selu: 2
    case .leakyRelu, .thresholdedRelu, .elu: 1
    case .relu, .tanh, .sigmoid, .softsign, .softplus, .exponential, .swish, .gelu: 0
    }
  }
}
