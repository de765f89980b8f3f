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
      samples: x[0], rows: y[1], depth: x[1], weight: weight, bias: bias, activation: group.activation, isa: isa)
    return Choice(
      kernel: step, inputs: [plain(node.inputs[0])], output: .plain, abilities: [.activation, .residual])
  }

  /// All rows of the left factor by one known matrix.
  func matrixProduct(_ group: StepGroup, _ node: Node) -> Choice? {
    guard let weight = constant(node.inputs[1]) else { return nil }
    let (x, w) = (extents(node.inputs[0]), extents(node.inputs[1]))
    guard w.dropLast(2).allSatisfy({ $0 == 1 }), w.count <= x.count || w.count == 2 else { return nil }
    let step = LinearStep(
      samples: x.dropLast().reduce(1, *), rows: w[w.count - 1], depth: w[w.count - 2], weight: weight, bias: nil,
      activation: group.activation, isa: isa, isTransposed: true)
    return Choice(kernel: step, inputs: [plain(node.inputs[0])], output: .plain, abilities: [.activation])
  }

  func recurrent(_ payload: Recurrent, _ node: Node) -> Choice? {
    let weights = node.inputs[1..<4].compactMap(constant)
    guard weights.count == 3 else { return nil }
    let (x, samples) = (extents(node.inputs[0]), extents(node.inputs[0])[0])
    var (inputs, extras) = ([plain(node.inputs[0])], [Recurrent.Extras: RecurrentStep.Extra]())
    for extra in [Recurrent.Extras.lengths, .state, .cell, .peepholes] {
      guard let place = payload.position(of: extra) else { continue }
      extras[extra] = .init(place: inputs.count, hasRows: extents(node.inputs[place])[0] == samples)
      inputs.append(plain(node.inputs[place]))
    }
    let step = RecurrentStep(
      layer: payload, samples: samples, steps: x[1], depth: x[2], units: extents(node.inputs[2])[1],
      weight: weights[0], recurrent: weights[1], bias: weights[2], extras: extras, isa: isa)
    return Choice(kernel: step, inputs: inputs, output: .plain)
  }

  func standardization(_ payload: Standardization, _ node: Node) -> Choice {
    let x = extents(node.inputs[0])
    let step = StandardizationStep(
      rows: x.prefix(payload.axis).reduce(1, *), count: x.dropFirst(payload.axis).reduce(1, *),
      epsilon: Float(payload.epsilon), isa: isa)
    return Choice(kernel: step, inputs: [plain(node.inputs[0])], output: .plain)
  }

  func batchNormalization(
    _ payload: BatchNormalization, _ group: StepGroup, _ node: Node, _ made: Set<Stored>
  ) -> Choice? {
    let parameters = node.inputs.dropFirst().compactMap(constant)
    guard parameters.count == 4, let map = map(node.inputs[0]) else { return nil }
    let input = there(node.inputs[0], made)
    let step = BatchNormalizationStep(
      payload: payload, map: map, layout: input.layout, parameters: parameters, activation: group.activation, isa: isa)
    return Choice(kernel: step, inputs: [input], output: input.layout, abilities: [.activation])
  }

  func unary(_ payload: Unary, _ node: Node, _ made: Set<Stored>) -> Choice? {
    guard let activation = Activation(payload.kind) else { return nil }
    let input = there(node.inputs[0], made)
    return Choice(
      kernel: UnaryStep(activation: activation, count: floats(input), isa: isa), inputs: [input],
      output: input.layout)
  }

  func binary(_ payload: Binary, _ group: StepGroup, _ node: Node, _ made: Set<Stored>) -> Choice? {
    if let choice = binaryOfBlocks(payload, group, node, made) { return choice }
    return BinaryStep(
      payload.kind, left: extents(node.inputs[0]), right: extents(node.inputs[1]), activation: group.activation, isa
    ).map { Choice(kernel: $0, inputs: node.inputs.map(plain), output: .plain, abilities: [.activation]) }
  }

  /// Two maps with the same channels, at least one of them there in blocks.
  private func binaryOfBlocks(
    _ payload: Binary, _ group: StepGroup, _ node: Node, _ made: Set<Stored>
  ) -> Choice? {
    guard let operation = pex_binary(payload.kind), let left = map(node.inputs[0]), let right = map(node.inputs[1]),
      let result = map(node.outputs[0]), left.samples == right.samples, left.channels == right.channels,
      // Several axes of pixels that are broadcast one by one are more than these kernels know.
      left.pixels == 1 || right.pixels == 1 || extents(node.inputs[0]) == extents(node.inputs[1]),
      extents(node.inputs[0]).count == extents(node.inputs[1]).count,
      node.inputs.contains(where: { there($0, made).layout == .blocked })
    else { return nil }
    let step = BinaryBlocksStep(
      operation: operation, blocks: result.samples * result.blocks(isa.lanes), pixels: result.pixels,
      left: left.pixels, right: right.pixels, activation: group.activation, isa: isa)
    return Choice(
      kernel: step, inputs: node.inputs.map(blocked), output: .blocked, abilities: [.activation])
  }

  func concat(_ payload: Concat, _ node: Node, _ made: Set<Stored>) -> Choice? {
    let shape = extents(node.outputs[0])
    let maps = node.inputs.compactMap(map)
    if payload.axis == 1, let first = maps.first, first.samples == 1, first.pixels > 1,
      maps.dropLast().allSatisfy({ $0.channels % isa.lanes == 0 }),
      node.inputs.contains(where: { there($0, made).layout == .blocked })
    {
      var start = 0
      let parts = maps.map { map in
        defer { start += map.blockedCount(isa.lanes) }
        return (start: start, count: map.blockedCount(isa.lanes))
      }
      return Choice(kernel: BlockConcatStep(parts: parts), inputs: node.inputs.map(blocked), output: .blocked)
    }
    let outer = shape.prefix(payload.axis).reduce(1, *)
    return Choice(
      kernel: ConcatStep(outer: outer, runs: node.inputs.map { count($0) / outer }), inputs: node.inputs.map(plain),
      output: .plain)
  }

  /// All pixels of each channel, always blocked: the order of a sum must not depend on the layout that is there.
  func reductionOfPixels(_ take: pex_take, _ node: Node) -> Choice? {
    guard let map = map(node.inputs[0]) else { return nil }
    let step = ReducePixelsStep(
      take: take, blocks: map.samples * map.blocks(isa.lanes), pixels: map.pixels, isa: isa)
    return Choice(kernel: step, inputs: [blocked(node.inputs[0])], output: .blocked)
  }

  func reduce(_ payload: Reduce, _ node: Node) -> Choice? {
    let x = extents(node.inputs[0])
    let first = payload.axes.first ?? x.count
    guard payload.axes == Array(first..<x.count) else { return nil }
    let take =
      switch payload.kind {
      case .mean: pex_take_average
      case .sum: pex_take_sum
      case .maximum: pex_take_maximum
      case .minimum: pex_take_minimum
      case .product, .norm: nil as pex_take?
      }
    guard let take else { return nil }
    // What is left of each channel lies as [N][C] or [N][C][1][1]: one number in the map that the blocks give.
    if first == 2, x.count > 2, let result = map(node.outputs[0]), result.isSameInBothLayouts(isa.lanes) {
      return reductionOfPixels(take, node)
    }
    let (rows, count) = (x.prefix(first).reduce(1, *), x.dropFirst(first).reduce(1, *))
    return Choice(
      kernel: ReduceRowsStep(take: take, rows: rows, count: count, isa: isa), inputs: [plain(node.inputs[0])],
      output: .plain)
  }

  func softmax(_ payload: Softmax, _ node: Node) -> Choice? {
    let x = extents(node.inputs[0])
    guard !payload.logarithm, x.dropFirst(payload.axis + 1).allSatisfy({ $0 == 1 }) else { return nil }
    let step = SoftmaxStep(rows: x.prefix(payload.axis).reduce(1, *), count: x[payload.axis], isa: isa)
    return Choice(kernel: step, inputs: [plain(node.inputs[0])], output: .plain)
  }

  func transpose(_ payload: Transpose, _ node: Node) -> Choice? {
    let (input, output) = (strides(extents(node.inputs[0])), extents(node.outputs[0]))
    let step = StridedCopyStep(
      extents: output, inputStrides: payload.permutation.map { input[$0] }, outputStrides: strides(output),
      outputStart: 0, filling: nil)
    return Choice(kernel: step, inputs: node.inputs.map(plain), output: .plain)
  }

  func selection(_ payload: some Selection, _ node: Node) -> Choice {
    let input = extents(node.inputs[0])
    return selection(payload.sources(in: input), of: input, node)
  }

  /// Elements of a plain value, chosen axis by axis.
  private func selection(_ sources: [[Int]], of input: [Int], _ node: Node) -> Choice {
    let step = SelectionStep(sources: sources, strides: strides(input))
    return Choice(kernel: step, inputs: [plain(node.inputs[0])], output: .plain)
  }

  /// Nearest neighbours are elements of the input; other kinds have no kernel.
  func resize(_ payload: Resize, _ node: Node) -> Choice? {
    guard payload.kind == .nearest, payload.coordinates != .cropAndResize else { return nil }
    let input = extents(node.inputs[0])
    let sources = input.indices.map { axis in
      payload.taps(axis: axis, input: input[axis])?.map { $0.first?.position ?? 0 } ?? Array(0..<input[axis])
    }
    return selection(sources, of: input, node)
  }

  func pad(_ payload: Pad, _ node: Node) -> Choice? {
    let (input, output) = (extents(node.inputs[0]), extents(node.outputs[0]))
    let outputStrides = strides(output)
    let step = StridedCopyStep(
      extents: input, inputStrides: strides(input), outputStrides: outputStrides,
      outputStart: zip(payload.before, outputStrides).reduce(0) { $0 + $1.0 * $1.1 },
      filling: (Float(payload.value), output.reduce(1, *)))
    return Choice(kernel: step, inputs: [plain(node.inputs[0])], output: .plain)
  }

  /// A value in the layout that is there; plain when both are, or none yet.
  private func there(_ id: ValueID, _ made: Set<Stored>) -> Stored {
    let stored = blocked(id)
    return made.contains(plain(id)) || !made.contains(stored) ? plain(id) : stored
  }

  /// Floats that a value takes in its layout.
  func floats(_ stored: Stored) -> Int {
    guard stored.layout == .blocked, let map = map(stored.value) else { return count(stored.value) }
    return map.blockedCount(isa.lanes)
  }

  /// Elements between neighbours along each axis of a row-major array.
  private func strides(_ extents: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    return strides
  }
}
