import PexTensor
import Testing

@Suite struct PermutationTests {
  @Test(arguments: [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0], [1, 0, 2], [0, 2, 1]])
  func everyElementMoves(order: [Int]) throws {
    let tensor = try Tensor([2, 3, 4], (0..<24).map(Float.init))
    let moved = try tensor.permuted(order)
    #expect(moved.shape.dimensions == order.map { tensor.shape[$0] })
    for first in 0..<2 {
      for second in 0..<3 {
        for third in 0..<4 {
          let place = order.map { [first, second, third][$0] }
          let offset = zip(place, moved.shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(moved.floats[offset] == Float((first * 3 + second) * 4 + third))
        }
      }
    }
  }

  /// Axes longer than the squares in which elements move, and no multiple of them.
  @Test(arguments: [[2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]])
  func squaresMeetAtTheirBorders(order: [Int]) throws {
    let tensor = try Tensor([37, 3, 70], (0..<37 * 3 * 70).map(Float.init))
    let (from, to) = (tensor.shape.strides, try tensor.permuted(order))
    // Where every element of the result comes from.
    let expected = (0..<to.count).map { place -> Float in
      let steps = zip(order, to.shape.strides).map { axis, stride in place / stride % tensor.shape[axis] * from[axis] }
      return Float(steps.reduce(0, +))
    }
    #expect(to.floats == expected)
  }

  @Test func matricesAndScalars() throws {
    #expect(try Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float]).permuted([1, 0]).floats == [1, 4, 2, 5, 3, 6])
    #expect(try Tensor([], [7 as Float]).permuted([]).floats == [7])
    #expect(throws: PexError.self) { try Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float]).permuted([0, 0]) }
  }
}
