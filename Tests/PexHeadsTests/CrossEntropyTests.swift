import Foundation
import PexHeads
import PexTensor
import Testing

func plainCrossEntropy(_ logits: [Double], label: Int) -> Double {
  let largest = logits.max() ?? 0
  return log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest - logits[label]
}

@Suite struct CrossEntropyTests {
  @Test func gradientsAgreeWithFiniteDifferences() throws {
    let logits: [Float] = [0.3, -1.2, 2, 0.7]
    var slopes = logits
    let loss = slopes.withUnsafeMutableBufferPointer { crossEntropyGradient($0, label: 2) }
    let doubles = logits.map(Double.init)
    #expect(abs(Double(loss) - plainCrossEntropy(doubles, label: 2)) < 1e-5)
    for index in logits.indices {
      let sides = [1e-4, -1e-4].map { change in
        var moved = doubles
        moved[index] += change
        return plainCrossEntropy(moved, label: 2)
      }
      #expect(abs((sides[0] - sides[1]) / 2e-4 - Double(slopes[index])) < 1e-5)
    }
  }

  @Test func softmaxSurvivesLargeLogits() {
    var row: [Float] = [1000, 1000, -1000]
    row.withUnsafeMutableBufferPointer { softmax($0, temperature: 0.5) }
    #expect(row == [0.5, 0.5, 0])
    #expect(row.withUnsafeMutableBufferPointer { crossEntropyGradient($0, label: 3) } == .infinity)
  }
}
