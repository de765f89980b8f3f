extension Tensor {
  /// An f32 matrix with rows and columns exchanged.
  /// - Throws: ``PexError`` (defect) when it is no f32 matrix.
  public func transposedMatrix() throws -> Tensor {
    guard dtype == .float32, shape.rank == 2 else { throw PexError(.defect, "expected an f32 matrix, found \(shape)") }
    return try permuted([1, 0])
  }

  /// An f32 tensor with its axes in another order: axis `i` of the result is axis `order[i]` of this one.
  /// - Throws: ``PexError`` (defect) when it is not f32 or `order` is no order of its axes.
  public func permuted(_ order: [Int]) throws -> Tensor {
    guard order.sorted() == Array(0..<shape.rank) else {
      throw PexError(.defect, "\(order) is no order of the axes of \(shape)")
    }
    guard let innermost = order.last, order != Array(0..<shape.rank) else { return self }
    let result = try Shape(order.map { shape[$0] })
    var steps = [Int](repeating: 0, count: shape.rank)
    for (position, axis) in order.enumerated() { steps[axis] = result.strides[position] }
    // Two axes are walked in blocks: the one whose elements are neighbours here, and the one where they will be.
    let inner = [innermost, shape.rank - 1]
    let outer = (0..<shape.rank).filter { !inner.contains($0) }
    let block = Block(
      rows: innermost == shape.rank - 1 ? 1 : shape[innermost], columns: shape[shape.rank - 1],
      rowStride: shape.strides[innermost], columnStep: steps[shape.rank - 1])
    return try withFloats { source in
      try Tensor(.float32, result) { bytes in
        guard let from = source.baseAddress, let to = bytes.bindMemory(to: Float.self).baseAddress, count > 0 else {
          return
        }
        var place = [Int](repeating: 0, count: outer.count)
        for _ in 0..<outer.reduce(1, { $0 * shape[$1] }) {
          let (offset, target) = zip(outer, place).reduce((0, 0)) { sums, axis in
            (sums.0 + axis.1 * shape.strides[axis.0], sums.1 + axis.1 * steps[axis.0])
          }
          block.move(from + offset, to + target)
          for index in outer.indices.reversed() {
            place[index] += 1
            guard place[index] == shape[outer[index]] else { break }
            place[index] = 0
          }
        }
      }
    }
  }

  /// A matrix within a tensor: elements of a column are neighbours where they come from, of a row where they go.
  private struct Block {
    var rows, columns, rowStride, columnStep: Int

    /// Moves the elements square by square: whole rows would touch another cache line with every element.
    func move(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      let side = 32
      for firstRow in stride(from: 0, to: rows, by: side) {
        for firstColumn in stride(from: 0, to: columns, by: side) {
          for row in firstRow..<min(firstRow + side, rows) {
            for column in firstColumn..<min(firstColumn + side, columns) {
              target[column * columnStep + row] = source[row * rowStride + column]
            }
          }
        }
      }
    }
  }
}
