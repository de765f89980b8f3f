/// Minimises a smooth convex function: the limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Liu and Nocedal
/// 1989, "On the limited memory BFGS method for large scale optimization"), with halved steps until the function has fallen
/// enough (Armijo 1966).
///
/// One thread and one order of summation: the same function and start give the same numbers.
struct LimitedMemoryBFGS {
  /// Pairs of steps that stand for the curvature.
  private static let memory = 8
  /// The most iterations.
  var iterations = 100
  /// It ends when an iteration lowers the function by less than this share of it, twice in a row.
  var tolerance = 1e-6

  /// Where the search ended.
  struct Minimum {
    let point: [Float]
    let value: Double
    /// How many iterations it took.
    let iterations: Int
  }

  private struct Pair {
    let step: [Float]
    let change: [Float]
    /// One over their product.
    let rho: Double
  }

  /// Searches from a start.
  /// - Parameters:
  ///   - isOver: asked before every iteration; the best point so far counts then.
  ///   - value: the function at a point; puts its gradient there into the second argument.
  func minimum(
    from start: [Float], isOver: () throws -> Bool = { false },
    _ value: (_ point: [Float], _ gradient: inout [Float]) -> Double
  ) rethrows -> Minimum {
    var (point, gradient) = (start, [Float](repeating: 0, count: start.count))
    var current = value(point, &gradient)
    var pairs: [Pair] = []
    var (done, small) = (0, 0)
    while done < iterations, small < 2, try !isOver() {
      let direction = descent(gradient, pairs)
      let slope = product(direction, gradient)
      guard slope < 0 else { break }
      // Before any curvature is known a step as long as the gradient could lie anywhere.
      var length: Float = pairs.isEmpty ? Float(min(1, 1 / max(product(gradient, gradient).squareRoot(), 1e-12))) : 1
      var (next, nextGradient, found) = (point, gradient, Double.infinity)
      for _ in 0..<20 {
        for index in next.indices { next[index] = point[index] + length * direction[index] }
        found = value(next, &nextGradient)
        if found <= current + 1e-4 * Double(length) * slope { break }
        length /= 2
      }
      done += 1
      guard found < current else { break }
      remember(point, next, gradient, nextGradient, &pairs)
      small = current - found < tolerance * max(abs(found), 1e-3) ? small + 1 : 0
      (point, gradient, current) = (next, nextGradient, found)
    }
    return Minimum(point: point, value: current, iterations: done)
  }

  private func remember(
    _ point: [Float], _ next: [Float], _ gradient: [Float], _ nextGradient: [Float], _ pairs: inout [Pair]
  ) {
    let step = zip(next, point).map { $0 - $1 }
    let change = zip(nextGradient, gradient).map { $0 - $1 }
    let curvature = product(step, change)
    guard curvature > 1e-12 * product(change, change) else { return }
    if pairs.count == Self.memory { pairs.removeFirst() }
    pairs.append(Pair(step: step, change: change, rho: 1 / curvature))
  }

  /// The direction `-H g`, by the two-loop recursion.
  private func descent(_ gradient: [Float], _ pairs: [Pair]) -> [Float] {
    var direction = gradient.map { -$0 }
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = pair.rho * product(pair.step, direction)
      factors.append(factor)
      add(Float(-factor), pair.change, to: &direction)
    }
    if let last = pairs.last {
      let scale = Float(1 / (last.rho * product(last.change, last.change)))
      for index in direction.indices { direction[index] *= scale }
    }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      add(Float(factor - pair.rho * product(pair.change, direction)), pair.step, to: &direction)
    }
    return direction
  }

  private func product(_ left: [Float], _ right: [Float]) -> Double {
    left.withUnsafeBufferPointer { left in right.withUnsafeBufferPointer { dotProduct(left, $0) } }
  }

  private func add(_ factor: Float, _ values: [Float], to target: inout [Float]) {
    target.withUnsafeMutableBufferPointer { target in
      values.withUnsafeBufferPointer { values in
        for index in 0..<min(target.count, values.count) { target[index] += factor * values[index] }
      }
    }
  }
}

/// A product summed in double in eight lanes, which are added at the end: always in the same order.
func dotProduct(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Double {
  var lanes = SIMD8<Double>.zero
  let count = min(left.count, right.count)
  var index = 0
  while index + 8 <= count {
    var (a, b) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    for lane in 0..<8 { (a[lane], b[lane]) = (left[index + lane], right[index + lane]) }
    lanes += SIMD8<Double>(a) * SIMD8<Double>(b)
    index += 8
  }
  var sum = lanes.sum()
  while index < count {
    sum += Double(left[index]) * Double(right[index])
    index += 1
  }
  return sum
}
