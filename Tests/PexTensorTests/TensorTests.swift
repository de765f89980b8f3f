import PexTensor
import Testing

@Suite struct TensorTests {
  @Test func shapeCountsAndStrides() throws {
    let shape = try Shape([2, 3, 4])
    #expect(shape.count == 24)
    #expect(shape.strides == [12, 4, 1])
    #expect(try Shape([]).count == 1)
  }

  @Test func overflowingAndNegativeShapesAreErrors() {
    #expect(throws: PexError.self) { try Shape([Int.max, 2]) }
    #expect(throws: PexError.self) { try Shape([1 << 61]).byteCount(.float64) }
    #expect(throws: PexError.self) { try Shape([-1]) }
  }

  @Test func conversionsKeepWhatFits() throws {
    let tensor = try Tensor([2, 2], [1.5, -2, 65504, 0.1] as [Float])
    let half = try tensor.asFloat16()
    #expect(half.byteCount == 8)
    #expect(half.floats == [1.5, -2, 65504, Float(Float16(0.1))])
    #expect(try Tensor([3], [1, -2, 3] as [Int64]).integers == [1, -2, 3])
    #expect(tensor.integers == nil)
  }

  @Test func elementCountMustMatch() {
    #expect(throws: PexError.self) { try Tensor([3], [1, 2] as [Float]) }
    #expect(throws: PexError.self) { try Tensor([3], [1, 2, 3] as [Float]).reshaped([2]) }
  }

  /// Memory of tensors that are gone is used again, and nothing of what they held is seen.
  @Test(arguments: [100, 16 << 10, 100_000, 1 << 18, 1_000_000, 3 << 20])
  func freshMemoryIsZeroWhateverWasThere(count: Int) async throws {
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<4 {
        group.addTask {
          (0..<40).allSatisfy { round in
            let mark = Float(task * 100 + round + 1)
            guard let kept = try? Tensor(repeating: mark, [count]) else { return false }
            let fresh = try? Tensor(.float32, Shape([count])) { bytes in
              if !bytes.allSatisfy({ $0 == 0 }) { throw PexError(.defect, "not zero") }
            }
            return fresh != nil && kept.floats.allSatisfy { $0 == mark }
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  @Test func samplesShareTheBytesOfTheirBatch() throws {
    var batch: Tensor? = try Tensor([2, 3, 1], [1, 2, 3, 4, 5, 6] as [Float])
    let second = try #require(try batch?.sample(1))
    #expect(second.shape.dimensions == [1, 3, 1])
    #expect(second.withBytes { $0.baseAddress } == batch?.withBytes { $0.baseAddress.map { $0 + 12 } })
    for index in [-1, 2] { #expect(throws: PexError.self) { try batch?.sample(index) } }
    batch = nil
    #expect(second.floats == [4, 5, 6])
    #expect(throws: PexError.self) { try Tensor([], [1] as [Float]).sample(0) }
  }
}
