import PexGraph
import PexTensor

/// What a name of the source model stands for while it is imported.
enum ImportedValue {
  /// A value of the graph: computed, or an input.
  case computed(ValueID)
  /// Numbers that are known. Floating-point ones are f32. They enter the graph when an operation reads them.
  case constant(name: String, Tensor)
  /// Known integers, the symbolic batch among them: what shape arithmetic works on.
  case vector(ShapeVector)
}

/// A list of extents, or a single one, that a model computes with: what `Shape` gives and `Reshape` takes.
struct ShapeVector {
  /// No shape is longer; a chain of `Concat`s that double a list must not fill the memory.
  static let lengthLimit = 4096

  /// The numbers. Negative ones may occur: -1 in the target of a `Reshape`.
  let elements: [Dimension]
  /// Whether it is a scalar rather than a list; then there is one element.
  let isScalar: Bool

  /// A list or scalar.
  /// - Throws: ``PexError`` (unsupported) when it is longer than any shape.
  init(_ elements: [Dimension], isScalar: Bool = false) throws {
    guard elements.count <= Self.lengthLimit else {
      throw PexError(.unsupported, "a list of \(elements.count) integers is too long for shape arithmetic")
    }
    self.elements = elements
    self.isScalar = isScalar
  }

  /// The numbers when the batch is not among them.
  var integers: [Int]? {
    var result: [Int] = []
    for element in elements {
      guard case .fixed(let value) = element else { return nil }
      result.append(value)
    }
    return result
  }
}
