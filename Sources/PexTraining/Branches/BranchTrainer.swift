import CPexKernels
import PexHeads
import PexTensor

/// A head in training together with the convolutions between its tap and what it pools.
///
/// Taps are divided by every channel's root mean square, which folds into the first convolution exactly; a mean would not,
/// because the padding is zero in raw numbers. Pooled features are standardised as they were before the first step.
///
/// A value: a copy is a snapshot, optimiser included. One thread and one order of summation.
struct BranchTrainer {
  /// What a head reads of a sample, valid within a call.
  struct Sample {
    /// The tap, `[channels, height, width]`, row-major.
    let tap: UnsafePointer<Float>
    /// The pooled features that the head reads in front of those of the convolutions; of a convolutional head none.
    let pooled: UnsafePointer<Float>?
  }

  /// Calls a function with one of the samples by its number.
  typealias Source = (Int, (Sample) throws -> Void) throws -> Void

  private let specification: HeadSpecification
  /// One a channel of the tap.
  private let scale: [Float]
  private let standardisation: Standardisation
  private(set) var network: BranchNetwork
  private let anchor: [[Float]]
  private var readout: SoftmaxRegression
  private var optimizer: Optimizer
  private var gradients: [[Float]]
  private let workspace = Workspace()

  /// - Parameters:
  ///   - branch: the convolutions to start from.
  ///   - readout: weight and bias of the fully connected layer to start from; nil to start from zero.
  ///   - samples: those that scales and standardisation are taken from, one or more.
  /// - Throws: ``PexError``: (malformed) when there are no samples or numbers overflow; whatever `source` throws.
  init(
    _ specification: HeadSpecification, branch: Branch, readout start: (weight: [Float], bias: [Float])?,
    samples: [Int], _ source: Source, optimizer rule: TrainingOptions.Optimizer
  ) throws {
    self.specification = specification
    let scale = try Self.scale(specification, samples, source)
    self.scale = scale
    let network = BranchNetwork(try branch.scalingInputs(by: scale.map(Double.init)))
    self.network = network
    var table = try FeatureTable(tap: "features", width: specification.featureCount)
    try Self.each(specification, network, scale, samples, source) { _, features in
      try table.append(UnsafeBufferPointer(start: features, count: specification.featureCount), label: nil)
    }
    let standardisation = try Standardisation(table, rows: Array(samples.indices))
    self.standardisation = standardisation
    let zero = (
      weight: [Float](repeating: 0, count: specification.classes * specification.featureCount),
      bias: [Float](repeating: 0, count: specification.classes)
    )
    let layer = start.map { standardisation.unfolded(weight: $0.weight, bias: $0.bias) } ?? zero
    readout = SoftmaxRegression(weight: layer.weight, bias: layer.bias, rule: rule)
    anchor = network.weights
    optimizer = Optimizer(rule, sizes: network.weights.map(\.count))
    gradients = network.weights.map { [Float](repeating: 0, count: $0.count) }
  }

  /// The convolutions as they are now, on raw taps.
  /// - Throws: ``PexError`` (malformed) when a number is not finite.
  func branch() throws -> Branch { try network.branch().scalingInputs(by: scale.map { 1 / Double($0) }) }

  /// The fully connected layer as it is now, on raw features.
  var layer: (weight: [Float], bias: [Float]) {
    standardisation.folded(weight: readout.weight, bias: readout.bias)
  }

  /// All numbers that training moves: those of the convolutions, and the fully connected layer's.
  var weights: [[Float]] {
    get { network.weights + [readout.weight, readout.bias] }
    set {
      guard newValue.count == network.weights.count + 2 else { return }
      network.weights = Array(newValue.dropLast(2))
      (readout.weight, readout.bias) = (newValue[newValue.count - 2], newValue[newValue.count - 1])
    }
  }

  /// Moves the weights along the mean gradient of a loss over some samples.
  /// - Parameters:
  ///   - gradient: replaces the logits of a sample by the gradient of its loss divided by the number of samples; it is
  ///     given the sample's position in `samples`.
  ///   - decay: the strength of the pull of weights, biases excepted, towards the start.
  /// - Throws: whatever `source` throws.
  mutating func step(
    _ samples: [Int], _ source: Source, gradient: (UnsafeMutableBufferPointer<Float>, Int) -> Void, rate: Float,
    decay: Float
  ) throws {
    let (classes, width, record) = (specification.classes, specification.featureCount, network.recordCount)
    let own = 2 * network.specification.output.channels
    var features = [Float](repeating: 0, count: samples.count * readout.pitch)
    var slopes = [Float](repeating: 0, count: samples.count * classes)
    var featureSlopes = [Float](repeating: 0, count: samples.count * own)
    for tensor in gradients.indices { gradients[tensor].withUnsafeMutableBufferPointer { $0.update(repeating: 0) } }
    network.prepareBackward()
    try workspace.with(samples.count * record + network.scratchCount) { records in
      let scratch = records + samples.count * record
      try features.withUnsafeMutableBufferPointer { rows in
        guard let rows = rows.baseAddress else { return }
        for (position, sample) in samples.enumerated() {
          try source(sample) { sample in
            forward(sample, records + position * record, scratch, into: rows + position * readout.pitch)
          }
          standardise(rows + position * readout.pitch)
        }
      }
      readout.logits(features, count: samples.count, into: &slopes)
      slopes.withUnsafeMutableBufferPointer { slopes in
        for position in samples.indices {
          gradient(
            UnsafeMutableBufferPointer(rebasing: slopes[position * classes..<(position + 1) * classes]), position)
        }
      }
      // Before the layer moves: these are the gradients of the numbers that it read.
      readout.weight.withUnsafeBufferPointer { weight in
        guard let weight = weight.baseAddress else { return }
        pex_kernels_default().pointee.add_product(
          samples.count, classes, own, slopes, classes, 1, weight + width - own, width, &featureSlopes, own)
      }
      readout.descend(features, slopes: slopes, count: samples.count, rate: rate, decay: decay)
      for position in samples.indices {
        for index in 0..<own { featureSlopes[position * own + index] /= standardisation.deviation[width - own + index] }
        featureSlopes.withUnsafeBufferPointer { featureSlopes in
          guard let slopes = featureSlopes.baseAddress else { return }
          network.backward(
            records + position * record, featureSlopes: slopes + position * own, into: &gradients, scratch: scratch)
        }
      }
    }
    optimizer.beginStep()
    for (tensor, parameter) in network.specification.parameters.enumerated() {
      optimizer.move(
        tensor, &network.weights[tensor], gradient: gradients[tensor], anchor: anchor[tensor], rate: rate,
        decay: parameter.dimensions.count == 1 ? 0 : decay)
    }
  }

  /// The logits of some samples, one row each.
  /// - Throws: whatever `source` throws.
  func logits(_ samples: [Int], _ source: Source) throws -> [Float] {
    var result = [Float](repeating: 0, count: samples.count * specification.classes)
    var row = [Float](repeating: 0, count: readout.pitch)
    var logits = [Float](repeating: 0, count: specification.classes)
    try Self.each(specification, network, scale, samples, source) { position, features in
      row.withUnsafeMutableBufferPointer { row in
        guard let base = row.baseAddress else { return }
        base.update(from: features, count: specification.featureCount)
        standardise(base)
      }
      readout.logits(row, count: 1, into: &logits)
      result.replaceSubrange(position * logits.count..<(position + 1) * logits.count, with: logits)
    }
    return result
  }

  private func standardise(_ row: UnsafeMutablePointer<Float>) {
    for index in 0..<specification.featureCount {
      row[index] = (row[index] - standardisation.mean[index]) / standardisation.deviation[index]
    }
  }

  private func forward(
    _ sample: Sample, _ record: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    into features: UnsafeMutablePointer<Float>
  ) {
    Self.forward(specification, network, scale, sample, record, scratch, into: features)
  }

  /// One sample's features, not standardised; `record` holds all maps afterwards.
  private static func forward(
    _ specification: HeadSpecification, _ network: BranchNetwork, _ scale: [Float], _ sample: Sample,
    _ record: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    into features: UnsafeMutablePointer<Float>
  ) {
    let (channels, pixels) = (specification.channels, specification.spatial.reduce(1, *))
    for channel in 0..<channels {
      let (factor, plane) = (1 / scale[channel], sample.tap + channel * pixels)
      for pixel in 0..<pixels { record[pixel * channels + channel] = plane[pixel] * factor }
    }
    network.forward(record, scratch: scratch)
    let front = specification.featureCount - 2 * network.specification.output.channels
    if let pooled = sample.pooled { features.update(from: pooled, count: front) }
    network.pool(record, into: features + front)
  }

  /// Calls `body` with the features of each sample, which are valid within the call.
  private static func each(
    _ specification: HeadSpecification, _ network: BranchNetwork, _ scale: [Float], _ samples: [Int], _ source: Source,
    _ body: (_ position: Int, UnsafePointer<Float>) throws -> Void
  ) throws {
    let (record, width) = (network.recordCount, specification.featureCount)
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: record + network.scratchCount + width) { memory in
      guard let base = memory.baseAddress else { return }
      let features = base + record + network.scratchCount
      for (position, sample) in samples.enumerated() {
        try source(sample) { sample in
          forward(specification, network, scale, sample, base, base + record, into: features)
        }
        try body(position, UnsafePointer(features))
      }
    }
  }

  /// The root mean square of every channel, in double in the order of the samples; floored as a deviation is.
  private static func scale(
    _ specification: HeadSpecification, _ samples: [Int], _ source: Source
  ) throws -> [Float] {
    guard !samples.isEmpty else { throw PexError(.malformed, "no samples to scale taps by") }
    let pixels = specification.spatial.reduce(1, *)
    var squares = [Double](repeating: 0, count: specification.channels)
    for sample in samples {
      try source(sample) { sample in
        for channel in squares.indices {
          let plane = sample.tap + channel * pixels
          for pixel in 0..<pixels { squares[channel] += Double(plane[pixel]) * Double(plane[pixel]) }
        }
      }
    }
    squares = squares.map { $0 / Double(samples.count * pixels) }
    let floor = max(1e-6, 0.01 * (squares.reduce(0, +) / Double(squares.count)).squareRoot())
    return squares.map { Float(max(floor, $0.squareRoot())) }
  }
}

/// Memory of steps, kept from one to the next: what all samples of a batch make fills megabytes, which the system would hand
/// out page by page every time anew. Copies of a trainer share it; only one of them steps at a time.
private final class Workspace {
  private var memory: UnsafeMutableBufferPointer<Float>?

  /// Calls a function with room for so many numbers, which are left over from before.
  func with(_ count: Int, _ body: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    if memory?.count ?? 0 < count {
      memory?.deallocate()
      let fresh = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      fresh.initialize(repeating: 0)
      memory = fresh
    }
    guard let base = memory?.baseAddress else { return }
    try body(base)
  }

  deinit { memory?.deallocate() }
}

extension Branch {
  /// The same with the first layer's weights multiplied, a factor for each channel of the tap: it computes on a tap divided by
  /// the factors what this one computes on the tap.
  func scalingInputs(by factors: [Double]) throws -> Branch {
    guard let first = specification.layers.first, let weight = parameters.first else { return self }
    let (places, isDepthwise) = (first.kernel * first.kernel, first.kind == .depthwise)
    var numbers = weight.floats
    for index in numbers.indices {
      let channel = isDepthwise ? index / places : index / places % factors.count
      numbers[index] = Float(Double(numbers[index]) * factors[channel])
    }
    return try Branch(
      specification, parameters: [try Tensor(weight.shape.dimensions, numbers)] + parameters.dropFirst())
  }
}
