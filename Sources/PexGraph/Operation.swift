import PexTensor

/// Everything a node can compute, by families. No switch over it has a `default:`, so that the compiler lists every
/// place that a new operation touches.
public enum Operation: Hashable, Sendable {
  case convolution(Convolution)
  case pooling(Pooling)
  case globalPooling(GlobalPooling)
  case batchNormalization(BatchNormalization)
  case linear(Linear)
  case unary(Unary)
  case binary(Binary)
  case concat(Concat)
  case reshape(Reshape)
  case transpose(Transpose)
  case softmax(Softmax)
  case reduce(Reduce)
  case pad(Pad)
  case identity(Identity)
  case transposedConvolution(TransposedConvolution)
  case lpPooling(LpPooling)
  case localResponseNormalization(LocalResponseNormalization)
  case standardization(Standardization)
  case slice(StridedSlice)
  case gather(Gather)
  case tile(Tile)
  case argMax(ArgMax)
  case matrixProduct(MatrixProduct)
  case resize(Resize)
  case choice(Choice)
  case recurrent(Recurrent)
  case integerConvolution(IntegerConvolution)

  /// What the operation tells about itself.
  public var payload: any OperationPayload {
    switch self {
    case .convolution(let payload): payload
    case .pooling(let payload): payload
    case .globalPooling(let payload): payload
    case .batchNormalization(let payload): payload
    case .linear(let payload): payload
    case .unary(let payload): payload
    case .binary(let payload): payload
    case .concat(let payload): payload
    case .reshape(let payload): payload
    case .transpose(let payload): payload
    case .softmax(let payload): payload
    case .reduce(let payload): payload
    case .pad(let payload): payload
    case .identity(let payload): payload
    case .transposedConvolution(let payload): payload
    case .lpPooling(let payload): payload
    case .localResponseNormalization(let payload): payload
    case .standardization(let payload): payload
    case .slice(let payload): payload
    case .gather(let payload): payload
    case .tile(let payload): payload
    case .argMax(let payload): payload
    case .matrixProduct(let payload): payload
    case .resize(let payload): payload
    case .choice(let payload): payload
    case .recurrent(let payload): payload
    case .integerConvolution(let payload): payload
    }
  }

  /// The permanent number of the operation in files.
  public var code: Int { type(of: payload).code }
  /// The version of the operation's meaning.
  public var version: Int { type(of: payload).version }
  /// The first version of the bundle format that knows the operation with its settings.
  public var formatVersion: Int { payload.formatVersion }
  /// The word in the text form.
  public var mnemonic: String { type(of: payload).mnemonic }

  /// One operation of the format: how to make it from its settings.
  private struct Row: Sendable {
    let code: Int
    let version: Int
    let mnemonic: String
    let make: @Sendable (inout AttributeReader) throws -> Operation
  }

  private static func row<Payload: OperationPayload>(_ wrap: @escaping @Sendable (Payload) -> Operation) -> Row {
    Row(code: Payload.code, version: Payload.version, mnemonic: Payload.mnemonic) { wrap(try Payload(from: &$0)) }
  }

  private static let rows: [Row] = [
    row(Operation.convolution), row(Operation.pooling), row(Operation.globalPooling),
    row(Operation.batchNormalization), row(Operation.linear), row(Operation.unary), row(Operation.binary),
    row(Operation.concat), row(Operation.reshape), row(Operation.transpose), row(Operation.softmax),
    row(Operation.reduce), row(Operation.pad), row(Operation.identity),
    row(Operation.transposedConvolution), row(Operation.lpPooling), row(Operation.localResponseNormalization),
    row(Operation.standardization), row(Operation.slice), row(Operation.gather), row(Operation.tile),
    row(Operation.argMax), row(Operation.matrixProduct), row(Operation.resize),
    row(Operation.choice), row(Operation.recurrent), row(Operation.integerConvolution),
  ]

  /// The operation with a number and version from a file.
  /// - Throws: ``PexError`` (unsupported) when this pex does not know the number or version, (malformed) when the
  ///   settings do not fit.
  public init(code: Int, version: Int, attributes: [Attribute]) throws {
    guard let row = Self.rows.first(where: { $0.code == code && $0.version == version }) else {
      throw PexError(
        .unsupported, "operation \(code) version \(version) is unknown", hint: "the file needs a newer pex")
    }
    try self.init(row, attributes)
  }

  /// The operation with the given word in the text form.
  /// - Throws: ``PexError`` (unsupported) when there is no such word, (malformed) when the settings do not fit.
  public init(mnemonic: String, attributes: [Attribute]) throws {
    guard let row = Self.rows.first(where: { $0.mnemonic == mnemonic }) else {
      throw PexError(.unsupported, "there is no operation '\(mnemonic)'")
    }
    try self.init(row, attributes)
  }

  private init(_ row: Row, _ attributes: [Attribute]) throws {
    self = try naming(row.mnemonic) {
      var reader = try AttributeReader(attributes)
      let operation = try row.make(&reader)
      try reader.finish()
      return operation
    }
  }
}

extension Operation {
  /// The types of the outputs for inputs of the given types.
  /// - Throws: ``PexError`` (malformed) when their number or types do not fit, or an output is too large to address.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    let payload = payload
    guard payload.inputCount.contains(inputs.count) else {
      throw PexError(.malformed, "\(mnemonic): expected \(payload.inputCount) inputs, found \(inputs.count)")
    }
    for input in inputs { try input.validate() }
    let outputs = try payload.outputTypes(of: inputs)
    for output in outputs { try output.validate() }
    return outputs
  }

  /// The max|a-b| / max|b| that f32 rounding may make of one such operation, however it is computed: it grows with the
  /// root of the number of terms that are summed. Convolutions by transformed tiles have the largest share.
  public func tolerance(inputs: [ValueType]) -> Float {
    2e-6 + 4e-6 * Float(payload.accumulationLength(inputs: inputs)).squareRoot()
  }

  /// Whether this is a convolution, a matrix product or made of such: what exits count as work.
  public var isWork: Bool {
    switch self {
    case .convolution, .linear, .transposedConvolution, .matrixProduct, .recurrent, .integerConvolution:
      true
    case .pooling, .globalPooling, .batchNormalization, .unary, .binary, .concat, .reshape, .transpose, .softmax,
      .reduce, .pad, .identity, .lpPooling, .localResponseNormalization, .standardization, .slice, .gather, .tile,
      .argMax, .resize, .choice:
      false
    }
  }
}

extension Graph {
  /// The first version of the bundle format that knows all operations with their settings.
  public var formatVersion: Int {
    max(nodes.map(\.operation.formatVersion).max() ?? 1, batchAxes.contains { $0 != 0 } ? 8 : 1)
  }
}
