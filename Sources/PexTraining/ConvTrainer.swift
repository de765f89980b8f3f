import PexHeads
import PexTensor

/// A convolutional head in training.
///
/// Taps are divided by every channel's root mean square, which folds into the convolution exactly; a mean would not,
/// because the padding is zero in raw numbers.
struct ConvTrainer: Trainer {
  private let specification: HeadSpecification
  private let taps: TapTable
  private let targets: Targets
  /// One a channel.
  private let scale: [Float]
  private let anchor: [[Float]]
  private var optimizer: Optimizer
  private var gradients: Gradients
  var weights: [[Float]]

  /// - Parameters:
  ///   - rows: the samples that the scale of taps is taken from.
  ///   - start: the head to start from and to be pulled towards: the base head, or a random one.
  /// - Throws: ``PexError``: malformed when `rows` is empty, defect when taps do not fit the head.
  init(
    _ taps: TapTable, _ targets: Targets, rows: [Int], start: Head, optimizer: TrainingOptions.Optimizer
  ) throws {
    specification = start.specification
    guard taps.channels == specification.channels, taps.spatial == specification.spatial else {
      throw PexError(.defect, "taps of \(taps.channels) channels over \(taps.spatial) do not fit the head")
    }
    self.taps = taps
    self.targets = targets
    scale = try Self.scale(taps, rows)
    var start = try start.calibratedParameters()
    Self.rescale(&start[0], scale.map(Double.init))
    (anchor, weights) = (start, start)
    gradients = Gradients(specification)
    self.optimizer = Optimizer(optimizer, sizes: start.map(\.count))
  }

  var parameters: [[Float]] {
    var raw = weights
    Self.rescale(&raw[0], scale.map { 1 / Double($0) })
    return raw
  }

  mutating func step(_ rows: [Int], rate: Float, decay: Float) throws {
    let head = try head()
    let share = 1 / Float(rows.count)
    gradients.reset()
    for row in rows {
      let activations = try scaled(row).withUnsafeBufferPointer { try head.activations(tap: $0) }
      var slopes = activations.logits
      slopes.withUnsafeMutableBufferPointer { targets.gradient($0, row, scale: share) }
      try head.backward(activations, logitGradient: slopes, into: &gradients)
    }
    optimizer.beginStep()
    for (tensor, parameter) in specification.parameters.enumerated() {
      optimizer.move(
        tensor, &weights[tensor], gradient: gradients.values[tensor], anchor: anchor[tensor], rate: rate,
        decay: parameter.dimensions.count == 1 ? 0 : decay)
    }
  }

  func loss(_ rows: [Int]) throws -> Double {
    let head = try head()
    let logits = try rows.flatMap { row in
      try scaled(row).withUnsafeBufferPointer { try head.logits(tap: $0) }
    }
    return try targets.loss(
      LogitTable(classes: specification.classes, values: logits, prior: targets.prior), rows)
  }

  /// The head as it is now; it reads scaled taps.
  private func head() throws -> Head {
    try Head(specification, numbers: weights)
  }

  private func scaled(_ row: Int) throws -> [Float] {
    var values = Array(try taps.row(row))
    let extent = values.count / specification.channels
    values.withUnsafeMutableBufferPointer { values in
      for (channel, scale) in scale.enumerated() {
        for index in channel * extent..<(channel + 1) * extent { values[index] /= scale }
      }
    }
    return values
  }

  /// The root mean square of every channel, in double in the order of `rows`; floored as a deviation is.
  private static func scale(_ taps: TapTable, _ rows: [Int]) throws -> [Float] {
    guard !rows.isEmpty else { throw PexError(.malformed, "no samples to scale taps by") }
    let extent = taps.spatial.reduce(1, *)
    var squares = [Double](repeating: 0, count: taps.channels)
    for row in rows {
      for (index, value) in try taps.row(row).enumerated() { squares[index / extent] += Double(value) * Double(value) }
    }
    squares = squares.map { $0 / Double(rows.count * extent) }
    let floor = max(1e-6, 0.01 * (squares.reduce(0, +) / Double(squares.count)).squareRoot())
    return squares.map { Float(max(floor, $0.squareRoot())) }
  }

  /// Multiplies the weights of every input channel of a 3x3 convolution.
  private static func rescale(_ weight: inout [Float], _ factors: [Double]) {
    for index in weight.indices { weight[index] = Float(Double(weight[index]) * factors[index / 9 % factors.count]) }
  }
}
