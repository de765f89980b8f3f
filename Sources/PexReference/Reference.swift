import PexGraph
import PexTensor

/// The plain interpreter: every operation as its definition reads, sums in double, no layout, no fusion, no threads.
///
/// It is the oracle that fast kernels and passes are tested against, what folds constants, and the fallback for
/// operations without a kernel of their own. Feature maps are `[N, C, spatial…]`; any extent may stand for the batch.
public enum Reference {
  /// Computes one operation.
  ///
  /// - Parameters:
  ///   - operation: what is computed.
  ///   - inputs: float32 or float16 tensors of the types that the operation asks for; `N` stands for the first
  ///     input's outermost extent.
  /// - Returns: the outputs, float32.
  /// - Throws: ``PexError`` (malformed) when the inputs do not fit the operation.
  public static func evaluate(_ operation: Operation, _ inputs: [Tensor]) throws -> [Tensor] {
    let inputs = try inputs.map { $0.dtype.isFloat ? try $0.asFloat32() : $0 }
    switch operation {
    case .reshape(let reshape):
      let batch = inputs.first?.shape.dimensions.first ?? 1
      return [try first(inputs).reshaped(reshape.dimensions.map { $0 == .batch ? batch : $0.perSample })]
    case .identity: return [try first(inputs)]
    case .recurrent(let payload): return try recurrent(payload, inputs)
    case .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary, .concat, .transpose,
      .softmax, .reduce, .pad, .transposedConvolution, .lpPooling, .localResponseNormalization, .standardization,
      .slice, .gather, .tile, .argMax, .matrixProduct, .resize, .choice, .integerConvolution:
      break
    }
    let fitted = operation.fitted(batch: inputs.first?.shape.dimensions.first)
    let types = try fitted.outputTypes(of: inputs.map(ValueType.init(of:)))
    guard let type = types.first else { throw PexError(.defect, "an operation gives nothing") }
    let shape = try type.sampleShape()
    let elements = try compute(fitted, inputs, shape)
    return [
      type.dtype == .int64
        ? try Tensor(shape.dimensions, elements.map { Int64($0) }) : try Tensor(shape.dimensions, elements)
    ]
  }

  private static func compute(_ operation: Operation, _ inputs: [Tensor], _ shape: Shape) throws -> [Float] {
    switch operation {
    case .convolution(let payload): try convolution(payload, inputs, shape)
    case .integerConvolution(let payload): try convolution(payload.convolution, inputs, shape)
    case .pooling(let payload): try pooling(payload, inputs[0], shape)
    case .globalPooling(let payload):
      reduce(payload.kind == .average ? .mean : .maximum, axes: Array(2..<shape.rank), inputs[0])
    case .batchNormalization(let payload): batchNormalization(payload, inputs)
    case .linear: linear(inputs, shape)
    case .unary(let payload): inputs[0].floats.map { unary(payload.kind, $0) }
    case .binary(let payload): binary(payload.kind, inputs, shape)
    case .concat(let payload): concat(payload.axis, inputs, shape)
    case .transpose(let payload): transpose(payload.permutation, inputs[0], shape)
    case .softmax(let payload): softmax(payload, inputs[0])
    case .reduce(let payload): reduce(payload.kind, axes: payload.axes, inputs[0])
    case .pad(let payload): pad(payload, inputs[0], shape)
    case .transposedConvolution(let payload): transposedConvolution(payload, inputs, shape)
    case .lpPooling(let payload): try lpPooling(payload, inputs[0], shape)
    case .localResponseNormalization(let payload): localResponseNormalization(payload, inputs[0])
    case .standardization(let payload): standardization(payload, inputs[0])
    case .slice(let payload): select(payload, inputs[0])
    case .gather(let payload): select(payload, inputs[0])
    case .tile(let payload): select(payload, inputs[0])
    case .argMax(let payload): argMax(payload, inputs[0])
    case .matrixProduct: matrixProduct(inputs[0], inputs[1], shape)
    case .resize(let payload): resize(payload, inputs[0])
    case .choice: choice(inputs, shape)
    case .reshape, .identity, .recurrent: inputs[0].floats
    }
  }

  private static func first(_ inputs: [Tensor]) throws -> Tensor {
    guard let input = inputs.first else { throw PexError(.malformed, "an operation without inputs") }
    return input
  }
}

extension Operation {
  /// The operation for a batch of known size, as the types of tensors have one.
  fileprivate func fitted(batch: Int?) -> Operation {
    guard let batch else { return self }
    func known(_ dimensions: [Dimension]) -> [Dimension] { dimensions.map { $0 == .batch ? .fixed(batch) : $0 } }
    switch self {
    case .slice(var slice):
      slice.dimensions = known(slice.dimensions)
      return .slice(slice)
    case .resize(var resize):
      resize.dimensions = known(resize.dimensions)
      return .resize(resize)
    case .reshape, .identity, .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary,
      .concat, .transpose, .softmax, .reduce, .pad, .transposedConvolution, .lpPooling, .localResponseNormalization,
      .standardization, .gather, .tile, .argMax, .matrixProduct, .choice, .recurrent, .integerConvolution:
      return self
    }
  }
}

/// Walks all positions of a shape, last axis fastest.
struct Positions: Sequence, IteratorProtocol {
  private let extents: [Int]
  private var current: [Int]
  private var left: Int

  init(_ extents: [Int]) {
    self.extents = extents
    current = extents.map { _ in 0 }
    left = extents.reduce(1, *)
  }

  mutating func next() -> [Int]? {
    guard left > 0 else { return nil }
    left -= 1
    let result = current
    for axis in extents.indices.reversed() {
      current[axis] += 1
      if current[axis] < extents[axis] { break }
      current[axis] = 0
    }
    return result
  }
}

/// The sum of products of two lists: where an element stands.
func offset(_ position: [Int], _ strides: [Int]) -> Int {
  zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }
}
