import PexGraph
import PexTensor

/// Sums of products by labelled axes, as one matrix product between transpositions.
enum EinsumOperator {
  static let rows = [
    OperatorRow(
      op: "Einsum", since: 12, limit: "one or two operands; no `...`, no axis of one operand twice", function: einsum)
  ]

  private static func einsum(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let equation = try node.string("equation", default: "").filter { $0 != " " }
    let values = try (0..<node.inputCount).map { try builder.float(node.input($0, "Inputs")) }
    var lowering = try Lowering(equation, values, node, builder)
    return [.computed(try lowering.run())]
  }

  /// One node on its way into the graph.
  private struct Lowering {
    /// A value whose axes have labels.
    private struct Operand {
      var value: ValueID
      var labels: [Character]
    }

    private let node: NodeReader
    private let builder: GraphBuilder
    private var operands: [Operand] = []
    private let result: [Character]
    private var extents: [Character: Dimension] = [:]
    private var steps = 0

    init(_ equation: String, _ values: [ValueID], _ node: NodeReader, _ builder: GraphBuilder) throws {
      (self.node, self.builder) = (node, builder)
      let sides = equation.split(separator: "->", omittingEmptySubsequences: false)
      let lists = (sides.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
      guard (1...2).contains(values.count), lists.count == values.count, sides.count <= 2 else {
        throw PexError(.unsupported, "attribute 'equation': '\(equation.prefix(80))' of \(values.count) operands")
      }
      for (labels, value) in zip(lists, values) {
        let dimensions = builder.type(value).dimensions
        guard labels.allSatisfy(\.isLetter), Set(labels).count == labels.count, labels.count == dimensions.count else {
          throw PexError(
            .unsupported, "attribute 'equation': '\(String(labels).prefix(40))' for an operand \(builder.type(value))")
        }
        for (label, dimension) in zip(labels, dimensions) {
          guard extents.updateValue(dimension, forKey: label) ?? dimension == dimension else {
            throw PexError(.malformed, "attribute 'equation': the axes '\(label)' have different extents")
          }
        }
        operands.append(Operand(value: value, labels: labels))
      }
      let all = lists.joined()
      let once = Set(all.filter { label in all.filter { $0 == label }.count == 1 }).sorted()
      result = sides.count == 2 ? Array(sides[1]) : once
      guard Set(result).count == result.count, Set(result).isSubset(of: all) else {
        throw PexError(.malformed, "attribute 'equation': '\(equation.prefix(80))' has another result")
      }
    }

    mutating func run() throws -> ValueID {
      for index in operands.indices { try reduce(index) }
      let product = operands.count == 1 ? operands[0] : try multiplied()
      let permutation = result.compactMap(product.labels.firstIndex)
      let isOrdered = permutation == Array(permutation.indices)
      return try builder.emit(
        isOrdered ? .identity(Identity()) : .transpose(Transpose(permutation)), [product.value], for: node.node)
    }

    private mutating func step(_ operation: Operation, _ inputs: [ValueID]) throws -> ValueID {
      steps += 1
      return try builder.emit(operation, inputs, for: node.node, suffix: ".step\(steps)")
    }

    /// Sums over axes that nothing else has.
    private mutating func reduce(_ index: Int) throws {
      let others = Set(operands.indices.filter { $0 != index }.flatMap { operands[$0].labels } + result)
      let labels = operands[index].labels
      let axes = labels.indices.filter { !others.contains(labels[$0]) }
      guard !axes.isEmpty else { return }
      let sum = Reduce(.sum, axes: axes, keepsAxes: false)
      operands[index].value = try step(.reduce(sum), [operands[index].value])
      operands[index].labels = labels.filter(others.contains)
    }

    /// The product over the axes that both have and the result has not.
    private mutating func multiplied() throws -> Operand {
      var (left, right) = (operands[0], operands[1])
      func isBatch(_ label: Character) -> Bool { extents[label] == .batch }
      // A known factor goes to the right, where kernels take it.
      let isKnown = builder.constant(left.value) != nil
      if isKnown || right.labels.contains(where: isBatch) && !left.labels.contains(where: isBatch) {
        (left, right) = (right, left)
      }
      let shared = left.labels.filter(right.labels.contains)
      let kept = shared.filter(result.contains)
      let summed = shared.filter { !result.contains($0) }
      let (rows, columns) = (
        left.labels.filter { !shared.contains($0) }, right.labels.filter { !shared.contains($0) }
      )
      // The batch stays an axis of its own, in front.
      let front = (kept + rows).filter(isBatch)
      let outer = kept.filter { !isBatch($0) }
      let inner = rows.filter { !isBatch($0) }
      let rightFront = front.filter(kept.contains)
      let a = try arranged(left, front + outer, inner, summed)
      let b = try arranged(right, rightFront + outer, summed, columns)
      let product = try step(.matrixProduct(MatrixProduct()), [a, b])
      let labels = front + outer + inner + columns
      let dimensions = labels.compactMap { extents[$0] }
      return Operand(value: try step(.reshape(Reshape(dimensions)), [product]), labels: labels)
    }

    /// An operand as matrices of the given rows and columns.
    private mutating func arranged(
      _ operand: Operand, _ outer: [Character], _ rows: [Character], _ columns: [Character]
    ) throws -> ValueID {
      let permutation = (outer + rows + columns).compactMap(operand.labels.firstIndex)
      var value = operand.value
      if permutation != Array(permutation.indices) { value = try step(.transpose(Transpose(permutation)), [value]) }
      func product(_ labels: [Character]) throws -> Dimension {
        try Reshaping.product(labels.compactMap { extents[$0] }[...])
      }
      let dimensions = try outer.compactMap { extents[$0] } + [product(rows), product(columns)]
      return try step(.reshape(Reshape(dimensions)), [value])
    }
  }
}
