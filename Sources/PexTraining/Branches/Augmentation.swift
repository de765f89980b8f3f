import PexTensor

/// Changes of pictures that leave what they show, so that a training never meets the same picture twice.
public struct Augmentation: Hashable, Sendable {
  /// Whether half of the pictures are mirrored, left for right. Not for what has a reading direction.
  public var mirrors = false
  /// By what share of an axis pictures are moved at most, 0 to 0.5; what comes into view repeats the edge.
  public var shift = 0.125

  /// The defaults: moved by up to an eighth, not mirrored.
  public init() {}

  /// Pictures as they are.
  public static let none: Augmentation = {
    var result = Augmentation()
    result.shift = 0
    return result
  }()

  /// Inputs changed by what the generator draws: every map `[1, C, H, W]` in the same way, other inputs not at all.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  func applied(to inputs: [Tensor], _ generator: inout SplitMix64) throws -> [Tensor] {
    let isMirrored = mirrors && generator.next() & 1 == 1
    let draws = (0..<2).map { _ in Double(generator.next() >> 11) / Double(1 << 53) }
    guard isMirrored || shift > 0 else { return inputs }
    return try inputs.map { input in
      let extents = input.shape.dimensions
      guard extents.count == 4, input.dtype == .float32 else { return input }
      let (height, width) = (extents[2], extents[3])
      let moves = zip([height, width], draws).map { extent, draw in
        let most = Int(Double(extent) * shift)
        return Int(draw * Double(2 * most + 1)) - most
      }
      let rows = (0..<height).map { min(max($0 + moves[0], 0), height - 1) }
      let columns = (0..<width).map { column in
        let from = min(max(column + moves[1], 0), width - 1)
        return isMirrored ? width - 1 - from : from
      }
      return try input.withFloats { numbers in
        var result: [Float] = []
        result.reserveCapacity(numbers.count)
        for plane in 0..<extents[0] * extents[1] {
          for row in rows {
            let line = (plane * height + row) * width
            for column in columns { result.append(numbers[line + column]) }
          }
        }
        return try Tensor(extents, result)
      }
    }
  }
}
