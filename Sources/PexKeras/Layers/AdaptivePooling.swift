import PexGraph
import PexTensor

/// Pooling to given extents: windows that lie as evenly as they can, from `i * extent / count` rounded down to
/// `(i + 1) * extent / count` rounded up.
enum AdaptivePooling {
  /// The most windows along an axis that are not all of one size: each is a part of the graph.
  static let limit = 64

  static func pool(
    _ x: ValueID, _ wanted: [Int], _ kind: Pooling.Kind, _ builder: GraphBuilder
  ) throws -> ValueID {
    let extents = Array(builder.type(x).perSample.dropFirst(2))
    guard wanted.count == extents.count else { throw PexError(.malformed, "expected \(extents.count) extents") }
    if zip(extents, wanted).allSatisfy({ $0 % $1 == 0 }) {
      var window = Window(kernel: zip(extents, wanted).map { $0 / $1 })
      window.strides = window.kernel
      return try builder.emit(.pooling(Pooling(kind: kind, window: window)), [x])
    }
    guard wanted.allSatisfy({ $0 <= limit }) else {
      throw PexError(.unsupported, "setting 'output_size': more than \(limit) windows that differ in size")
    }
    // A rectangle's mean is the mean of its columns' means, its maximum that of their maxima: one axis after the other.
    return try wanted.enumerated().reduce(x) { value, axis in
      try along(axis.offset + 2, axis.element, value, kind, builder)
    }
  }

  private static func along(
    _ axis: Int, _ count: Int, _ value: ValueID, _ kind: Pooling.Kind, _ builder: GraphBuilder
  ) throws -> ValueID {
    let type = builder.type(value)
    let extent = type.perSample[axis]
    guard count != extent else { return value }
    let reduction = Reduce(kind == .average ? .mean : .maximum, axes: [axis], keepsAxes: true)
    let parts = try (0..<count).map { index in
      let (start, end) = (index * extent / count, ((index + 1) * extent + count - 1) / count)
      var (starts, dimensions) = (type.dimensions.map { _ in 0 }, type.dimensions)
      (starts[axis], dimensions[axis]) = (start, .fixed(end - start))
      let part = try builder.emit(.slice(StridedSlice(starts: starts, dimensions: dimensions)), [value])
      return try builder.emit(.reduce(reduction), [part])
    }
    return try parts.count == 1 ? parts[0] : builder.emit(.concat(Concat(axis: axis)), parts)
  }
}
