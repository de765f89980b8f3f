extension Tensor {
  /// An f32 matrix with rows and columns exchanged.
  /// - Throws: ``PexError`` (defect) when it is no f32 matrix.
  public func transposedMatrix() throws -> Tensor {
    guard dtype == .float32, shape.rank == 2 else { throw PexError(.defect, "expected an f32 matrix, found \(shape)") }
    let (rows, columns) = (shape[0], shape[1])
    // Square blocks: whole rows would touch another cache line with every element that is written.
    let block = 32
    return try withFloats { source in
      try Tensor(.float32, Shape([columns, rows])) { target in
        let target = target.bindMemory(to: Float.self)
        for firstRow in stride(from: 0, to: rows, by: block) {
          for firstColumn in stride(from: 0, to: columns, by: block) {
            for row in firstRow..<min(firstRow + block, rows) {
              for column in firstColumn..<min(firstColumn + block, columns) {
                target[column * rows + row] = source[row * columns + column]
              }
            }
          }
        }
      }
    }
  }

  /// An f32 tensor with its axes in another order: axis `i` of the result is axis `order[i]` of this one.
  /// - Throws: ``PexError`` (defect) when it is not f32 or `order` is no order of its axes.
  public func permuted(_ order: [Int]) throws -> Tensor {
    guard order.sorted() == Array(0..<shape.rank) else {
      throw PexError(.defect, "\(order) is no order of the axes of \(shape)")
    }
    if order == [1, 0] { return try transposedMatrix() }
    let result = try Shape(order.map { shape[$0] })
    var steps = [Int](repeating: 0, count: shape.rank)
    for (position, axis) in order.enumerated() { steps[axis] = result.strides[position] }
    return try withFloats { source in
      try Tensor(.float32, result) { bytes in
        guard let run = shape.dimensions.last, let step = steps.last, result.count > 0 else {
          if result.count == 1 { bytes.copyBytes(from: UnsafeRawBufferPointer(source)) }
          return
        }
        let target = bytes.bindMemory(to: Float.self)
        var place = [Int](repeating: 0, count: shape.rank)
        var offset = 0
        for start in stride(from: 0, to: source.count, by: run) {
          for element in 0..<run { target[offset + element * step] = source[start + element] }
          // The next run: count up the axes in front of the last.
          for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
            place[axis] += 1
            offset += steps[axis]
            guard place[axis] == shape[axis] else { break }
            offset -= place[axis] * steps[axis]
            place[axis] = 0
          }
        }
      }
    }
  }
}
