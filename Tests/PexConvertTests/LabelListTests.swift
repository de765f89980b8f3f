import Foundation
import PexConvert
import PexTensor
import Testing

/// The names of classes, as files have them.
@Suite struct LabelListTests {
  private func list(_ text: String) throws -> LabelList { try LabelList(Array(text.utf8)) }

  @Test(arguments: [
    "a\nb\nc", "a\r\nb\r\nc\r\n\r\n", "\u{feff}a\n b \nc\n", "[\"a\", \"b\", \"c\"]",
    "{\"0\": \"a\", \"2\": \"c\", \"1\": \"b\"}",
    "{\"0\": [\"n1\", \"a\"], \"1\": [\"n2\", \"b\"], \"2\": [\"n3\", \"c\"]}",
    "{\"c\": 2, \"a\": 0, \"b\": 1}", "{\"model\": \"x\", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}}",
    "\n  [\"a\",\n\"b\",\"c\"]\n",
  ])
  func everyFormIsRead(text: String) throws {
    let list = try list(text)
    #expect(list.names == ["a", "b", "c"] && list.warnings.isEmpty)
  }

  /// ImageNet's lists have crane and maillot twice.
  @Test func namesThatOccurTwiceGetANumber() throws {
    let list = try list("crane\nbird\ncrane\ncrane (2)\ncrane")
    #expect(list.names == ["crane", "bird", "crane (3)", "crane (2)", "crane (4)"])
    #expect(Set(list.names).count == list.names.count)
    #expect(
      list.warnings == ["labels that occur twice get a number: class 2 is 'crane (3)', class 4 is 'crane (4)'"])
    #expect(try self.list("crane\ncrane").names == ["crane", "crane (2)"])
  }

  /// A line may begin with a bracket.
  @Test func textThatIsNoJSONIsLines() throws {
    #expect(try list("[background]\n{cat}").names == ["[background]", "{cat}"])
  }

  @Test(arguments: [
    ("a\n\nb", "class 1 (line 2) has no name"), ("[\"a\", 7]", "class 1: expected a name"),
    ("{\"0\": \"a\", \"2\": \"b\"}", "expected the classes 0 to 1, found 2"),
    ("{\"a\": \"b\"}", "'a': expected a class's number"), ("[\"a\", \"\"]", "has no name"),
    ("tench\nn01443537\tgoldfish", "class 1: expected a name without control characters, found 'n01443537\\tgoldfish'"),
    ("[\"a\", \"b\\nc\"]", "class 1: expected a name without control characters, found 'b\\nc'"),
  ])
  func whatIsUnsoundIsNamed(text: String, expected: String) throws {
    let error = try #require(throws: PexError.self) { try list(text) }
    #expect(error.kind == .malformed && error.message.contains(expected))
  }

  @Test func otherEncodingsAreNamed() throws {
    let wide = try #require("a\nb".data(using: .utf16))
    let error = try #require(throws: PexError.self) { try LabelList(Array(wide)) }
    #expect(error.hint?.contains("UTF-16") == true)
  }

  /// A million classes of one name are a million names, in no time.
  @Test func manyOfOneName() throws {
    let list = try list(String(repeating: "a\n", count: 200_000))
    #expect(list.names.last == "a (200000)" && list.warnings[0].hasSuffix(", …"))
  }
}
