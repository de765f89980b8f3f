import PexConsole
import Testing

@Suite struct AxisScaleTests {
  private func texts(_ numbers: [Double], _ axis: Chart.Axis, most: Int = 8) -> [String] {
    let scale = AxisScale(numbers, axis, most: most)
    return scale.ticks.map(scale.text)
  }

  @Test func ticksAreRound() {
    #expect(
      texts([0, 1], Chart.Axis("", isShare: true, origin: 0)) == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    #expect(
      texts([0.611, 0.634], Chart.Axis("", isShare: true), most: 6) == [
        "61.0 %", "61.5 %", "62.0 %", "62.5 %", "63.0 %", "63.5 %",
      ])
    #expect(texts([0, 37], Chart.Axis("", origin: 0)) == ["0", "5", "10", "15", "20", "25", "30", "35"])
    #expect(texts([-0.02, 0.03], Chart.Axis("")) == ["-0.02", "-0.01", "0.00", "0.01", "0.02", "0.03"])
    #expect(texts([1000, 9000], Chart.Axis("")) == ["2000", "4000", "6000", "8000"])
  }

  /// Heads add a little to the cost of the whole model: there is room for it, and no mark beyond the whole.
  @Test func sharesEndAtOne() {
    let scale = AxisScale([0.1, 1.02], Chart.Axis("", isShare: true, origin: 0), most: 8)
    #expect(scale.ticks.last == 1 && scale.range.upperBound > 1.02 && scale.range.lowerBound == 0)
  }

  @Test(arguments: [
    [], [0], [1], [-3], [.nan], [.infinity], [5, 5], [1e-12, 2e-12], [-1e99, 1e99], [1e15, 1e15 + 1],
  ])
  func everyRangeHasRoomAndFewTicks(numbers: [Double]) {
    for axis in [Chart.Axis(""), Chart.Axis("", isShare: true), Chart.Axis("", origin: 0)] {
      let scale = AxisScale(numbers, axis, most: 8)
      #expect(scale.range.lowerBound < scale.range.upperBound)
      #expect(scale.ticks.count <= 9)
      #expect(scale.ticks.allSatisfy(scale.range.contains))
      for number in numbers where number.isFinite { #expect((0...1).contains(scale.place(number))) }
      #expect(Set(scale.ticks.map(scale.text)).count == scale.ticks.count)
    }
  }
}
