import PexGraph
import PexTensor

extension Session {
  /// Computes a batch: every sample takes its own way, and its result depends on nothing but itself.
  ///
  /// - Parameter inputs: one tensor an input in the source model's layout, all with the same batch. For a model without
  ///   a symbolic batch: the whole inputs, as one sample.
  /// - Returns: one answer a sample, in order.
  /// - Throws: ``PexError`` as ``run(_:_:deadline:reject:)``; (malformed) naming an input whose shape does not fit.
  public func run(
    batch inputs: [Tensor], _ choice: ExitChoice = .stored, deadline: Double? = nil, reject: Float? = nil
  ) throws -> [Answer] {
    try samples(of: inputs).map { try run($0, choice, deadline: deadline, reject: reject) }
  }

  /// Takes a batch apart into samples in the graph's own layout, float32.
  /// - Throws: ``PexError`` (malformed) naming an input whose shape does not fit, or when batches differ.
  public func samples(of inputs: [Tensor]) throws -> [[Tensor]] {
    let graph = model.bundle.graph
    guard inputs.count == graph.inputs.count else {
      throw PexError(.malformed, "expected \(graph.inputs.count) inputs, found \(inputs.count)")
    }
    let parts = try zip(graph.inputs, inputs).map { input, tensor in
      try naming("input '\(graph[input.value].name)'") {
        try split(try tensor.asFloat32(), graph[input.value].type, input.layout)
      }
    }
    // Inputs without a batch are the same for every sample.
    let batches = zip(graph.inputs, parts).filter { graph[$0.0.value].type.hasBatch }.map(\.1.count)
    let count = batches.first ?? 1
    guard batches.allSatisfy({ $0 == count }) else {
      throw PexError(.malformed, "the inputs have batches of \(batches.map(String.init).joined(separator: ", "))")
    }
    return (0..<count).map { sample in parts.map { $0[$0.count == 1 ? 0 : sample] } }
  }

  /// Takes an array for one input apart into samples in the graph's own layout, float32. A batch of one may be left out.
  /// - Throws: ``PexError`` (malformed) when its shape does not fit.
  public func rows(of tensor: Tensor, for input: GraphInput) throws -> [Tensor] {
    let type = model.bundle.graph[input.value].type
    var tensor = try tensor.asFloat32()
    if tensor.shape.dimensions == Array(input.layout.arrayType(type).perSample.dropFirst()), type.hasBatch {
      tensor = try tensor.reshaped([1] + tensor.shape.dimensions)
    }
    return try split(tensor, type, input.layout)
  }

  private func split(_ tensor: Tensor, _ type: ValueType, _ layout: InputLayout) throws -> [Tensor] {
    let native = layout == .channelsLast ? try channelsFirst(tensor) : tensor
    guard type.hasBatch else {
      guard native.shape.dimensions == type.perSample else { throw misfit(layout.arrayType(type), tensor.shape) }
      return [native]
    }
    let dimensions = native.shape.dimensions
    guard dimensions.count == type.rank, Array(dimensions.dropFirst()) == Array(type.perSample.dropFirst()),
      dimensions[0] > 0
    else { throw misfit(layout.arrayType(type), tensor.shape) }
    return try (0..<dimensions[0]).map { try native.sample($0) }
  }

  private func misfit(_ type: ValueType, _ found: Shape) -> PexError {
    let isBatch =
      !type.hasBatch && found.rank == type.rank && found.dimensions.dropFirst() == type.perSample.dropFirst()
    return PexError(
      .malformed, "expected \(type), found \(found)",
      hint: isBatch ? "this model's batch is fixed: give it as many samples at a time" : nil)
  }

  /// `[N, spatial…, C]` as `[N, C, spatial…]`.
  private func channelsFirst(_ tensor: Tensor) throws -> Tensor {
    let extents = tensor.shape.dimensions
    guard extents.count >= 3, let channels = extents.last else { return tensor }
    let pixels = extents.dropFirst().dropLast().reduce(1, *)
    let shape = try Shape([extents[0], channels] + extents.dropFirst().dropLast())
    return try tensor.withFloats { source in
      try Tensor(.float32, shape) { bytes in
        let target = bytes.bindMemory(to: Float.self)
        for sample in 0..<extents[0] {
          for pixel in 0..<pixels {
            for channel in 0..<channels {
              target[(sample * channels + channel) * pixels + pixel] =
                source[(sample * pixels + pixel) * channels + channel]
            }
          }
        }
      }
    }
  }
}
