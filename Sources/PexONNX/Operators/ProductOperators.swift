import PexGraph
import PexTensor

/// Matrix products. The graph has one kind, `x · weightᵀ + bias`; the factors and transpositions of ONNX go into the
/// weight.
enum ProductOperators {
  static let rows = [
    OperatorRow(op: "Gemm", since: 1, function: gemm),
    OperatorRow(op: "MatMul", since: 1, function: matrixProduct),
  ]

  /// `alpha · A · B + beta · C`. C may be left out from opset 11 on; before 7 a flag said that it is broadcast.
  private static func gemm(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("broadcast")
    var x = try builder.float(node.input(0, "A"))
    if try node.flag("transA", default: false) {
      x = try builder.emit(.transpose(Transpose([1, 0])), [x], for: node.node, suffix: ".left")
    }
    let isTransposed = try node.flag("transB", default: false)
    let alpha = try node.float("alpha", default: 1)
    let beta = try node.float("beta", default: 1)
    let weight = try self.weight(
      node.input(1, "B"), isTransposed: isTransposed, factor: alpha, node, builder)
    guard let c = node.optionalInput(2), beta != 0 else {
      return [.computed(try builder.emit(.linear(Linear()), [x, weight], for: node.node))]
    }
    let units = builder.type(weight).perSample[0]
    if case .constant(let name, let numbers) = c, let bias = try bias(numbers, units: units, factor: beta) {
      // The file's own tensor keeps its name; one that was changed gets another.
      let isChanged = beta != 1 || numbers.shape.dimensions != [units]
      let id = try builder.addConstant(name, suffix: isChanged ? ".bias\(units)x\(beta)" : "") { bias }
      return [.computed(try builder.emit(.linear(Linear()), [x, weight, id], for: node.node))]
    }
    let product = try builder.emit(.linear(Linear()), [x, weight], for: node.node, suffix: ".product")
    let addend = try scaled(builder.float(c), by: beta, node, builder, suffix: ".beta")
    return [.computed(try builder.emit(.binary(Binary(.add)), [product, addend], for: node.node))]
  }

  /// A list counts as a row on the left and as a column on the right, and that axis goes again.
  private static func matrixProduct(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let (left, right) = (try builder.float(node.input(0, "A")), try builder.float(node.input(1, "B")))
    let (a, b) = (builder.type(left), builder.type(right))
    if a.rank == 2, b.rank == 2, !b.hasBatch {
      let weight = try self.weight(node.input(1, "B"), isTransposed: false, factor: 1, node, builder)
      return [.computed(try builder.emit(.linear(Linear()), [left, weight], for: node.node))]
    }
    guard a.rank >= 1, b.rank >= 1 else { throw PexError(.malformed, "\(a) and \(b) cannot be multiplied") }
    var inputs = [left, right]
    if a.rank == 1 {
      let row = Reshape([1] + a.dimensions)
      inputs[0] = try builder.emit(.reshape(row), [left], for: node.node, suffix: ".row")
    }
    if b.rank == 1 {
      let column = Reshape(b.dimensions + [1])
      inputs[1] = try builder.emit(.reshape(column), [right], for: node.node, suffix: ".column")
    }
    let isWhole = a.rank > 1 && b.rank > 1
    let product = try builder.emit(
      .matrixProduct(MatrixProduct()), inputs, for: node.node, suffix: isWhole ? nil : ".product")
    guard !isWhole else { return [.computed(product)] }
    var dimensions = builder.type(product).dimensions
    if b.rank == 1 { dimensions.removeLast() }
    if a.rank == 1 { dimensions.remove(at: dimensions.count - (b.rank == 1 ? 1 : 2)) }
    return [.computed(try builder.emit(.reshape(Reshape(dimensions)), [product], for: node.node))]
  }

  /// The right matrix as the weight `[M, K]` of a linear layer.
  private static func weight(
    _ value: ImportedValue, isTransposed: Bool, factor: Double, _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> ValueID {
    if case .constant(let name, let numbers) = value, numbers.dtype.isFloat, numbers.shape.rank == 2 {
      let suffix = (isTransposed ? "" : ".transposed") + (factor == 1 ? "" : ".x\(factor)")
      return try builder.addConstant(name, suffix: suffix) {
        let turned = isTransposed ? numbers : try numbers.transposedMatrix()
        return factor == 1 ? turned : try turned.scaled(by: factor)
      }
    }
    var weight = try builder.float(value)
    guard builder.type(weight).rank == 2, !builder.type(weight).hasBatch else {
      throw PexError(
        .unsupported, "input 1 (B): expected a matrix that does not depend on the batch, found \(builder.type(weight))")
    }
    if !isTransposed {
      weight = try builder.emit(.transpose(Transpose([1, 0])), [weight], for: node.node, suffix: ".transposed")
    }
    return try scaled(weight, by: factor, node, builder, suffix: ".alpha")
  }

  /// The numbers as a bias of `units` elements, or nil when they differ between samples.
  private static func bias(_ numbers: Tensor, units: Int, factor: Double) throws -> Tensor? {
    guard numbers.dtype.isFloat else { return nil }
    let scaled = factor == 1 ? numbers : try numbers.scaled(by: factor)
    if numbers.count == 1, let value = scaled.floats.first {
      return numbers.shape.rank <= 2 ? try Tensor(repeating: value, [units]) : nil
    }
    let isRow = numbers.shape.dimensions == [units] || numbers.shape.dimensions == [1, units]
    return isRow ? try scaled.reshaped([units]) : nil
  }

  private static func scaled(
    _ id: ValueID, by factor: Double, _ node: NodeReader, _ builder: GraphBuilder, suffix: String
  ) throws -> ValueID {
    guard factor != 1 else { return id }
    let constant = try builder.addConstant(node.node.outputs.first ?? node.node.name, suffix: "\(suffix).factor") {
      try Tensor([], [Float(factor)])
    }
    return try builder.emit(.binary(Binary(.multiply)), [id, constant], for: node.node, suffix: suffix)
  }
}
