import CPexKernels
import PexGraph
import PexTensor

extension StepFactory {
  func linear(_ group: StepGroup, _ node: Node) -> Choice? {
    guard let weight = constant(node.inputs[1]) else { return nil }
    let bias = node.inputs.count > 2 ? constant(node.inputs[2]) : nil
    guard node.inputs.count == 2 || bias != nil else { return nil }
    let (x, y) = (extents(node.inputs[0]), extents(node.outputs[0]))
    let step = LinearStep(
      samples: x[0], rows: y[1], depth: x[1], weight: weight, bias: bias, bounds: group.bounds, isa: isa)
    return Choice(kernel: step, inputs: [node.inputs[0]], abilities: [.bounds, .residual])
  }

  func batchNormalization(_ payload: BatchNormalization, _ group: StepGroup, _ node: Node) -> Choice? {
    let parameters = node.inputs.dropFirst().compactMap(constant)
    guard parameters.count == 4 else { return nil }
    let x = extents(node.inputs[0])
    let step = BatchNormalizationStep(
      payload: payload, samples: x[0], channels: x[1], count: x.dropFirst(2).reduce(1, *), parameters: parameters,
      bounds: group.bounds, isa: isa)
    return Choice(kernel: step, inputs: [node.inputs[0]], abilities: [.bounds])
  }

  func unary(_ payload: Unary, _ node: Node) -> Choice? {
    UnaryStep(payload.kind, count: count(node.inputs[0]), isa).map { Choice(kernel: $0, inputs: node.inputs) }
  }

  func binary(_ payload: Binary, _ group: StepGroup, _ node: Node) -> Choice? {
    BinaryStep(
      payload.kind, left: extents(node.inputs[0]), right: extents(node.inputs[1]), bounds: group.bounds, isa
    ).map { Choice(kernel: $0, inputs: node.inputs, abilities: [.bounds]) }
  }

  func concat(_ payload: Concat, _ node: Node) -> Choice? {
    let outer = extents(node.outputs[0]).prefix(payload.axis).reduce(1, *)
    return Choice(
      kernel: ConcatStep(outer: outer, runs: node.inputs.map { count($0) / outer }), inputs: node.inputs)
  }

  /// Rows that start at axis `first` and reach to the end, each reduced to one number.
  func reduction(_ take: pex_take, from first: Int, _ node: Node) -> Choice? {
    let x = extents(node.inputs[0])
    let (rows, count) = (x.prefix(first).reduce(1, *), x.dropFirst(first).reduce(1, *))
    return Choice(kernel: ReduceRowsStep(take: take, rows: rows, count: count, isa: isa), inputs: node.inputs)
  }

  func reduce(_ payload: Reduce, _ node: Node) -> Choice? {
    let rank = extents(node.inputs[0]).count
    let first = payload.axes.first ?? rank
    guard payload.axes == Array(first..<rank) else { return nil }
    let take =
      switch payload.kind {
      case .mean: pex_take_average
      case .sum: pex_take_sum
      case .maximum: pex_take_maximum
      case .minimum: pex_take_minimum
      }
    return reduction(take, from: first, node)
  }

  func transpose(_ payload: Transpose, _ node: Node) -> Choice? {
    let (input, output) = (strides(extents(node.inputs[0])), extents(node.outputs[0]))
    let step = StridedCopyStep(
      extents: output, inputStrides: payload.permutation.map { input[$0] }, outputStrides: strides(output),
      outputStart: 0, filling: nil)
    return Choice(kernel: step, inputs: node.inputs)
  }

  func pad(_ payload: Pad, _ node: Node) -> Choice? {
    let (input, output) = (extents(node.inputs[0]), extents(node.outputs[0]))
    let outputStrides = strides(output)
    let step = StridedCopyStep(
      extents: input, inputStrides: strides(input), outputStrides: outputStrides,
      outputStart: zip(payload.before, outputStrides).reduce(0) { $0 + $1.0 * $1.1 },
      filling: (Float(payload.value), output.reduce(1, *)))
    return Choice(kernel: step, inputs: node.inputs)
  }

  /// Elements between neighbours along each axis of a row-major array.
  private func strides(_ extents: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    return strides
  }
}
