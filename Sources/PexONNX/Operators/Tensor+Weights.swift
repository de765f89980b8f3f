import PexTensor

extension Tensor {
  /// Every element times `factor`, computed in double and rounded once.
  func scaled(by factor: Double) throws -> Tensor {
    try Tensor(shape.dimensions, floats.map { Float(Double($0) * factor) })
  }
}
