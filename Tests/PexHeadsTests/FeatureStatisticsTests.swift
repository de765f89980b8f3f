import PexHeads
import PexTensor
import Testing

/// What statistics refuse to be.
@Suite struct FeatureStatisticsTests {
  private func statistics(
    counts: [Float] = [3, 0], means: [Float] = [1, 2, 3, 4, 0, 0, 0, 0], residual: [Float] = [1, 0, 2, 1],
    factor: Tensor? = nil
  ) throws -> FeatureStatistics {
    try FeatureStatistics(
      counts: Tensor([counts.count], counts), means: Tensor([2, 4], means),
      residual: Tensor([residual.count], residual), factor: factor ?? Tensor([1, 4], [1, 0, 0, 1] as [Float]))
  }

  @Test func theirNumbersAreWhatTheTensorsSay() throws {
    let statistics = try statistics()
    #expect(statistics.classes == 2 && statistics.width == 4 && statistics.rank == 1)
    let extents = FeatureStatistics.parameters(classes: 2, width: 4, rank: 1).map(\.dimensions)
    #expect(statistics.tensors.map(\.shape.dimensions) == extents)
    #expect(try self.statistics(factor: Tensor([0, 4], [] as [Float])).rank == 0)
  }

  @Test func shapesThatDoNotFitAreMalformed() throws {
    #expect(throws: PexError.self) { try statistics(counts: [1]) }
    #expect(throws: PexError.self) { try statistics(residual: [1, 1]) }
    #expect(throws: PexError.self) { try statistics(factor: Tensor([1, 2], [1, 1] as [Float])) }
    #expect(throws: PexError.self) { try statistics(factor: Tensor([4], [1, 1, 1, 1] as [Float])) }
    let most = FeatureStatistics.mostRank
    #expect(try statistics(factor: Tensor(repeating: 0, [most, 4])).rank == most)
    #expect(throws: PexError.self) { try statistics(factor: Tensor(repeating: 0, [most + 1, 4])) }
  }

  @Test(arguments: [Float.nan, .infinity, -1])
  func numbersThatCannotBeAreMalformed(_ number: Float) throws {
    #expect(throws: PexError.self) { try statistics(counts: [number, 0]) }
    #expect(throws: PexError.self) { try statistics(residual: [1, 1, 1, number]) }
    guard number != -1 else { return }
    #expect(throws: PexError.self) { try statistics(means: [0, 0, number, 0, 0, 0, 0, 0]) }
    #expect(throws: PexError.self) { try statistics(factor: Tensor([1, 4], [0, number, 0, 0])) }
  }
}
