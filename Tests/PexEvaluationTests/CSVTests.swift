import PexEvaluation
import Testing

@Suite struct CSVTests {
  @Test(arguments: [
    ("cat", "cat"), ("", ""), ("a b", "a b"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
    ("two\nlines", "\"two\nlines\""), ("a\r\nb", "\"a\r\nb\""), ("a\rb", "\"a\rb\""), ("é,ü", "\"é,ü\""),
    // What a spreadsheet would compute.
    ("=1+1", "\"'=1+1\""), ("@SUM(A1)", "\"'@SUM(A1)\""), ("-5", "\"'-5\""), ("+x", "\"'+x\""),
    ("\t=1", "\"'\t=1\""), ("\r=1", "\"'\r=1\""), ("=\"a\",b", "\"'=\"\"a\"\",b\""), ("\u{FF1D}1", "\"'\u{FF1D}1\""),
    ("a=1", "a=1"), ("a-b", "a-b"),
    // The first scalar counts, whatever combines with it.
    ("=\u{301}1", "\"'=\u{301}1\""),
  ]) func textBecomesCells(_ text: String, _ cell: String) {
    #expect(CSVText.cell(text) == cell)
  }

  @Test func numbersStayNumbers() {
    #expect(CSVText.cell(-1.5 as Float?) == "-1.5")
    #expect(CSVText.cell(nil as Float?).isEmpty && CSVText.cell(Float.nan as Float?).isEmpty)
    #expect(CSVText.line(["a", "b"]) == "a,b\n")
  }
}
