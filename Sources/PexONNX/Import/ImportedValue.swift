import PexGraph
import PexTensor

/// What a name of the source model stands for while it is imported.
enum ImportedValue {
  /// A value of the graph: computed, or an input.
  case computed(ValueID)
  /// Numbers that are known. Floating-point ones are f32. They enter the graph when an operation reads them.
  case constant(name: String, Tensor)
  /// Known integers and truth values, the symbolic batch among them: what shape arithmetic works on.
  case integers(KnownIntegers)
}

/// An array of extents that a model computes with: what `Shape` gives and `Reshape` takes. Truth values are 0 and 1.
struct KnownIntegers {
  /// No shape is longer; a chain of `Concat`s that double a list must not fill the memory.
  static let countLimit = 4096

  /// The numbers, row-major. Negative ones may occur: -1 in the target of a `Reshape`.
  let elements: [Dimension]
  /// The array's own extents; none for a single number.
  let extents: [Int]
  /// The type that the source model stores them in.
  var dtype = DType.int64
  /// Their type in the file, where they are stored there.
  var sourceType: ElementType?

  /// An array.
  /// - Throws: ``PexError`` (unsupported) when it is longer than any shape, (malformed) when the extents do not fit.
  init(_ elements: [Dimension], extents: [Int]) throws {
    guard elements.count <= Self.countLimit else {
      throw PexError(.unsupported, "\(elements.count) integers are too many for shape arithmetic")
    }
    guard try Shape(extents).count == elements.count else {
      throw PexError(.malformed, "\(elements.count) integers do not fill an array of \(extents)")
    }
    self.elements = elements
    self.extents = extents
  }

  /// A list.
  init(_ elements: [Dimension]) throws { try self.init(elements, extents: [elements.count]) }

  /// One number.
  init(_ element: Dimension) throws { try self.init([element], extents: []) }

  /// The numbers when the batch is not among them.
  var integers: [Int]? {
    var result: [Int] = []
    for element in elements {
      guard case .fixed(let value) = element else { return nil }
      result.append(value)
    }
    return result
  }

  /// The numbers as f32, when the batch is not among them.
  var tensor: Tensor? { integers.flatMap { try? Tensor(extents, $0.map(Float.init)) } }
}
