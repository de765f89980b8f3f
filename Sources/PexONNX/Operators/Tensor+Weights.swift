import PexTensor

extension Tensor {
  /// An f32 matrix with rows and columns exchanged.
  /// - Throws: ``PexError`` (defect) when it is no f32 matrix.
  func transposedMatrix() throws -> Tensor {
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

  /// Every element times `factor`, computed in double and rounded once.
  func scaled(by factor: Double) throws -> Tensor {
    try Tensor(shape.dimensions, floats.map { Float(Double($0) * factor) })
  }
}
