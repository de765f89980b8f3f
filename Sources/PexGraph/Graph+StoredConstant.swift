import PexTensor

extension Graph {
  /// Adds a constant that is f32 in the graph and stored as `tensor`, f16 or f32.
  /// - Throws: ``PexError`` (malformed) when the name is empty or taken, or the tensor is neither f32 nor f16.
  @discardableResult
  public mutating func addConstant(_ name: String, widened tensor: Tensor) throws -> ValueID {
    guard tensor.dtype == .float16 || tensor.dtype == .float32 else {
      throw PexError(.malformed, "'\(name)' is stored as \(tensor.dtype.name) and cannot be read as f32")
    }
    let id = try addConstant(name, tensor)
    values[id.index].type.dtype = .float32
    return id
  }

  /// Adds a constant that the graph reads as `type` and that is stored as the tensor's own type.
  /// - Throws: ``PexError`` (malformed) when one cannot be read as the other, or the name is empty or taken.
  @discardableResult
  public mutating func addStoredConstant(_ name: String, _ tensor: Tensor, type: DType) throws -> ValueID {
    if tensor.dtype == type { return try addConstant(name, tensor) }
    guard type == .float32 else {
      throw PexError(.malformed, "'\(name)' is stored as \(tensor.dtype.name) and cannot be read as \(type.name)")
    }
    return try addConstant(name, widened: tensor)
  }
}
