import PexConsole
import Testing

@Suite struct ProgressBarTests {
  @Test func theLineTellsThePaceAndTheTimeLeft() {
    #expect(
      ProgressBar.line("features", done: 50, total: 200, seconds: 10)
        == "features [######..................] 50/200, 5.0 images/s, 30.0 s left")
    #expect(
      ProgressBar.line("samples", done: 1000, total: 41_000, seconds: 5)
        == "samples [........................] 1000/41000, 200 images/s, 3.3 min left")
  }

  @Test func theEndTellsTheTimeTaken() {
    #expect(
      ProgressBar.line("features", done: 4, total: 4, seconds: 2)
        == "features [########################] 4/4, 2.0 images/s, 2.0 s")
  }

  @Test func sharesAloneHaveNoPace() {
    #expect(
      ProgressBar.line("heads", done: 250, total: 1000, unit: nil, seconds: 3)
        == "heads [######..................] 25 %, 9.0 s left")
  }

  /// A line that wraps cannot be drawn over.
  @Test(arguments: [1, 5, 20, 30, 40, 50, 60, 79, 80, 200]) func theLineFitsTheTerminal(columns: Int) {
    for (done, seconds) in [(0, 0.0), (1234, 56), (40_999, 12_345), (41_000, 99_999)] {
      let line = ProgressBar.line("features", done: done, total: 41_000, seconds: seconds, columns: columns)
      #expect(line.count < columns || columns == 1 && line.count == 1)
      #expect(columns < 60 || line.contains("["))
    }
    // The numbers matter more than the bar.
    let narrow = ProgressBar.line("features", done: 5, total: 20, seconds: 1, columns: 45)
    #expect(narrow.contains("5/20") && narrow.contains("left"))
  }

  @Test func nothingDoneTellsNoTime() {
    #expect(ProgressBar.line("a", done: 0, total: 3, seconds: 0).hasSuffix("0/3, 0.0 images/s, …"))
  }
}
