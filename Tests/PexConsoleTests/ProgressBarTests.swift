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

  @Test func nothingDoneTellsNoTime() {
    #expect(ProgressBar.line("a", done: 0, total: 3, seconds: 0).hasSuffix("0/3, 0.0 images/s, …"))
  }
}
