import PexTensor

/// An operation that takes elements of its one input, chosen axis by axis: the input's element `[a, b, …]` comes to
/// `[i, j, …]` where `a` depends on `i` alone, `b` on `j` alone, and so on.
public protocol Selection: OperationPayload {
  /// For every axis, the input's position that each output position takes, for an input of the given extents.
  /// The settings have been checked by ``OperationPayload/outputTypes(of:)``.
  func sources(in extents: [Int]) -> [[Int]]
}

extension Operation {
  /// The operation as a selection of elements, or nil when it is none.
  public var selection: (any Selection)? { payload as? any Selection }
}
