import Foundation
import PexHeads
import PexTensor
import Testing

func plainCrossEntropy(_ logits: [Double], label: Int) -> Double {
  let largest = logits.max() ?? 0
  return log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest - logits[label]
}

@Suite struct GradientTests {
  @Test(arguments: HeadKind.allCases)
  func gradientsAgreeWithFiniteDifferences(kind: HeadKind) throws {
    let taps = kind == .multitap ? [EarlierTap(exit: 2, channels: 3), EarlierTap(exit: 1, channels: 1)] : []
    let specification = try HeadSpecification(
      kind: kind, channels: 3, spatial: [5, 4], classes: 4, hidden: kind == .conv ? 6 : nil, earlier: taps)
    let head = try randomHead(specification, seed: 11)
    let (tap, earlier) = (randoms(60, seed: 12), randoms(taps.reduce(0) { $0 + 2 * $1.channels }, seed: 20))
    var gradients = Gradients(specification)
    var slopes = try head.logits(tap, earlier: earlier)
    let loss = slopes.withUnsafeMutableBufferPointer { crossEntropyGradient($0, label: 2) }
    #expect(abs(loss - (try plainLoss(head, tap, earlier: earlier, label: 2))) < 1e-5)
    let activations = try tap.withUnsafeBufferPointer { try head.activations(tap: $0, earlier: earlier) }
    try head.backward(activations, logitGradient: slopes, into: &gradients)
    for (tensor, gradient) in gradients.values.enumerated() {
      for index in gradient.indices {
        let slope = try finiteDifference(head, tensor, index) {
          try plainLoss($0, tap, earlier: earlier, label: 2)
        }
        #expect(abs(slope - Double(gradient[index])) < 1e-4 + 1e-3 * abs(slope), "tensor \(tensor), number \(index)")
      }
    }
  }

  private func finiteDifference(
    _ head: Head, _ tensor: Int, _ index: Int, loss: (Head) throws -> Double
  ) throws -> Double {
    let step: Float = 0x1p-12
    let sides = try [step, -step].map { change in
      var parameters = head.parameters
      var numbers = parameters[tensor].floats
      numbers[index] += change
      let moved = Double(numbers[index])
      parameters[tensor] = try Tensor(parameters[tensor].shape.dimensions, numbers)
      return (moved, try loss(Head(head.specification, parameters: parameters)))
    }
    return (sides[0].1 - sides[1].1) / (sides[0].0 - sides[1].0)
  }

  @Test func gradientsAddUpOverSamples() throws {
    let specification = try HeadSpecification(kind: .linear, channels: 3, spatial: [2], classes: 2)
    let head = try randomHead(specification, seed: 13)
    let activations = try randoms(6, seed: 14).withUnsafeBufferPointer { try head.activations(tap: $0) }
    var (once, twice) = (Gradients(specification), Gradients(specification))
    try head.backward(activations, logitGradient: [1, -1], into: &once)
    for _ in 0..<2 { try head.backward(activations, logitGradient: [1, -1], into: &twice) }
    #expect(twice.values == once.values.map { $0.map { 2 * $0 } })
    twice.reset()
    #expect(twice.values.allSatisfy { $0.allSatisfy { $0 == 0 } })
    #expect(throws: PexError.self) { try head.backward(activations, logitGradient: [1], into: &once) }
  }

  @Test func maximaHandTheirGradientToTheFirstOfEquals() {
    let map: [Float] = [1, 3, 3, 0]
    var result = [Float](repeating: 9, count: 4)
    map.withUnsafeBufferPointer { map in
      [Float](arrayLiteral: 4, 10).withUnsafeBufferPointer { gradient in
        result.withUnsafeMutableBufferPointer { poolGradient(map, channels: 1, gradient: gradient, into: $0) }
      }
    }
    #expect(result == [1, 11, 1, 1])
  }

  @Test(arguments: [(1, 1, 1), (4, 300, 16), (7, 513, 21), (3, 5, 8)])
  func productsAgreeWithPlainSums(rows: Int, depth: Int, columns: Int) {
    let (a, b) = (randoms(rows * depth, seed: 15), randoms(depth * columns, seed: 16))
    for transposed in [false, true] {
      let (aRow, aDepth) = transposed ? (1, rows) : (depth, 1)
      var c = [Float](repeating: 1, count: rows * columns)
      addProductForTest(rows, depth, columns, a, aRow, aDepth, b, &c)
      let expected = (0..<rows * columns).map { index in
        (0..<depth).reduce(1.0) {
          $0 + Double(a[index / columns * aRow + $1 * aDepth]) * Double(b[$1 * columns + index % columns])
        }
      }
      #expect(distance(c, expected) < 1e-5)
    }
  }

  private func addProductForTest(
    _ rows: Int, _ depth: Int, _ columns: Int, _ a: [Float], _ aRow: Int, _ aDepth: Int, _ b: [Float],
    _ c: inout [Float]
  ) {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          addProduct(
            rows: rows, depth: depth, columns: columns, a: a, aRow: aRow, aDepth: aDepth, b: b, bPitch: columns, c: c,
            cPitch: columns)
        }
      }
    }
  }

  @Test func softmaxSurvivesLargeLogits() {
    var row: [Float] = [1000, 1000, -1000]
    row.withUnsafeMutableBufferPointer { softmax($0, temperature: 0.5) }
    #expect(row == [0.5, 0.5, 0])
    #expect(row.withUnsafeMutableBufferPointer { crossEntropyGradient($0, label: 3) } == .infinity)
  }
}
