import PexHeads

/// A linear layer on standardised features while it is being trained.
///
/// The weight is stored feature by feature and its rows are filled up with zeros to whole vectors, so that logits and
/// gradients are both products over contiguous rows.
struct SoftmaxRegression {
  let width: Int
  let classes: Int
  /// Numbers from row to row: `classes` rounded up to eight.
  let pitch: Int
  /// `[width, pitch]`.
  var weight: [Float]
  /// `[pitch]`.
  var bias: [Float]

  /// All zero.
  init(width: Int, classes: Int) {
    self.width = width
    self.classes = classes
    pitch = (classes + 7) / 8 * 8
    weight = [Float](repeating: 0, count: width * pitch)
    bias = [Float](repeating: 0, count: pitch)
  }

  /// A layer given as heads store it: `weight` `[classes, width]`, `bias` `[classes]`.
  init(width: Int, classes: Int, weight: [Float], bias: [Float]) {
    self.init(width: width, classes: classes)
    for row in 0..<classes {
      self.bias[row] = bias[row]
      for index in 0..<width { self.weight[index * pitch + row] = weight[row * width + index] }
    }
  }

  /// As heads store it: `weight` `[classes, width]`, `bias` `[classes]`.
  var stored: (weight: [Float], bias: [Float]) {
    var stored = [Float](repeating: 0, count: classes * width)
    for row in 0..<classes {
      for index in 0..<width { stored[row * width + index] = weight[index * pitch + row] }
    }
    return (stored, Array(bias.prefix(classes)))
  }

  /// Writes the logits of `count` rows of standardised features, `[count, pitch]`.
  func logits(_ rows: [Float], count: Int, into logits: inout [Float]) {
    logits.withUnsafeMutableBufferPointer { logits in
      for row in 0..<count {
        for column in 0..<pitch { logits[row * pitch + column] = bias[column] }
      }
      rows.withUnsafeBufferPointer { rows in
        weight.withUnsafeBufferPointer { weight in
          guard let a = rows.baseAddress, let b = weight.baseAddress, let c = logits.baseAddress else { return }
          addProduct(
            rows: count, depth: width, columns: pitch, a: a, aRow: width, aDepth: 1, b: b, bPitch: pitch, c: c,
            cPitch: pitch)
        }
      }
    }
  }

  /// The gradients of a loss from its gradient with respect to the logits of `count` rows.
  ///
  /// - Parameters:
  ///   - slopes: `[count, pitch]`, zero beyond the classes.
  ///   - gradient: overwritten; its weight and bias are laid out as this one's.
  func gradient(_ rows: [Float], slopes: [Float], count: Int, into gradient: inout SoftmaxRegression) {
    gradient.bias.withUnsafeMutableBufferPointer { bias in
      bias.update(repeating: 0)
      for row in 0..<count {
        for column in 0..<pitch { bias[column] += slopes[row * pitch + column] }
      }
    }
    gradient.weight.withUnsafeMutableBufferPointer { weight in
      weight.update(repeating: 0)
      rows.withUnsafeBufferPointer { rows in
        slopes.withUnsafeBufferPointer { slopes in
          guard let a = rows.baseAddress, let b = slopes.baseAddress, let c = weight.baseAddress else { return }
          addProduct(
            rows: width, depth: count, columns: pitch, a: a, aRow: 1, aDepth: width, b: b, bPitch: pitch, c: c,
            cPitch: pitch)
        }
      }
    }
  }
}
