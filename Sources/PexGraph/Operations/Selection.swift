import PexTensor

/// An operation that takes elements of its one input, chosen axis by axis: the input's element `[a, b, …]` comes to
/// `[i, j, …]` where `a` depends on `i` alone, `b` on `j` alone, and so on.
public protocol Selection: OperationPayload {
  /// For every axis, the input's position that each output position takes, for an input of the given extents.
  /// The settings have been checked by ``OperationPayload/outputTypes(of:)``.
  func sources(in extents: [Int]) -> [[Int]]
}

extension Selection {
  /// The most elements along an axis: the positions of an axis are listed when a plan is made.
  static var extentLimit: Int { 1 << 24 }

  /// The type of a selection from `input`, when its positions can be listed.
  /// - Throws: ``PexError`` (malformed) when an axis is too long.
  func listable(_ input: ValueType, _ dimensions: [Dimension]) throws -> [ValueType] {
    guard (input.perSample + dimensions.map(\.perSample)).allSatisfy({ $0 <= Self.extentLimit }) else {
      throw PexError(.malformed, "\(Self.mnemonic): an axis of \(input) or of the result is longer than 2^24")
    }
    return [ValueType(input.dtype, dimensions)]
  }
}

extension Operation {
  /// The operation as a selection of elements, or nil when it is none.
  public var selection: (any Selection)? { payload as? any Selection }
}
