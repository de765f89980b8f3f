import PexData
import PexTensor
import Testing

@Suite struct LabelMappingTests {
  @Test func foldersMapByName() throws {
    let mapping = try LabelMapping(folders: ["cat", "owl"], labels: ["owl", "ant", "cat"], classCount: 3)
    #expect(mapping.indices == [2, 0])
    #expect(mapping.warning == nil)
  }

  @Test func unknownNamesAreListedWithTheKnown() {
    let error = failure { try LabelMapping(folders: ["cat", "dog", "elk"], labels: ["cat", "ant"], classCount: 2) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("'dog', 'elk'") == true)
    #expect(error?.hint?.contains("'cat', 'ant'") == true)
  }

  @Test func withoutLabelsSortedOrderStandsWithAWarning() throws {
    let mapping = try LabelMapping(folders: ["a", "b"], labels: [], classCount: 2)
    #expect(mapping.indices == [0, 1])
    #expect(mapping.warning != nil)
  }

  @Test func withoutLabelsCountsMustAgree() {
    #expect(failure { try LabelMapping(folders: ["a"], labels: [], classCount: 2) }?.kind == .malformed)
  }

  @Test func withoutAClassifierFoldersAreTheClasses() throws {
    let mapping = try LabelMapping(folders: ["a", "b", "c"], labels: [], classCount: nil)
    #expect(mapping.indices == [0, 1, 2])
    #expect(mapping.warning == nil)
  }

  @Test func ambiguousLabelsAreRefused() {
    #expect(failure { try LabelMapping(folders: ["a"], labels: ["a", "a"], classCount: 2) }?.kind == .malformed)
  }

  @Test func namesAreComparedByBytes() {
    let composed = "\u{e9}"
    let decomposed = "e\u{301}"
    #expect(failure { try LabelMapping(folders: [decomposed], labels: [composed], classCount: 1) } != nil)
  }
}
