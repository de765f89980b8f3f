/// The patches that a convolutional head's 3x3 window of stride 2 and padding 1 sees: one row an output position,
/// `[ceil(H/2) * ceil(W/2), C * 9]`, channel by channel as the weight is stored.
///
/// As rows of patches, forward and backward are products of contiguous runs.
///
/// - Parameters:
///   - tap: `[channels, height, width]`, row-major.
/// - Returns: the rows one after the other; what lies in the padding is zero.
package func patchRows(
  _ tap: UnsafeBufferPointer<Float>, channels: Int, height: Int, width: Int
) -> [Float] {
  let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
  let length = channels * 9
  var patches = [Float](repeating: 0, count: rows * columns * length)
  patches.withUnsafeMutableBufferPointer { patches in
    for row in 0..<rows {
      for column in 0..<columns {
        let patch = (row * columns + column) * length
        for ky in 0..<3 {
          let y = 2 * row + ky - 1
          guard (0..<height).contains(y) else { continue }
          for kx in 0..<3 {
            let x = 2 * column + kx - 1
            guard (0..<width).contains(x) else { continue }
            for channel in 0..<channels {
              patches[patch + channel * 9 + ky * 3 + kx] = tap[(channel * height + y) * width + x]
            }
          }
        }
      }
    }
  }
  return patches
}
