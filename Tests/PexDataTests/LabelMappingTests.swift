import PexData
import PexTensor
import Testing

@Suite struct LabelMappingTests {
  @Test func foldersMapByName() throws {
    let mapping = try LabelMapping(folders: ["cat", "owl"], labels: ["owl", "ant", "cat"], classCount: 3)
    #expect(mapping.indices == [2, 0])
    #expect(mapping.warnings.isEmpty)
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
    #expect(mapping.warnings.count == 1)
  }

  @Test func withoutLabelsCountsMustAgree() {
    #expect(failure { try LabelMapping(folders: ["a"], labels: [], classCount: 2) }?.kind == .malformed)
  }

  @Test func withoutAClassifierFoldersAreTheClasses() throws {
    let mapping = try LabelMapping(folders: ["a", "b", "c"], labels: [], classCount: nil)
    #expect(mapping.indices == [0, 1, 2])
    #expect(mapping.warnings.isEmpty)
  }

  @Test func ambiguousLabelsAreRefused() {
    #expect(failure { try LabelMapping(folders: ["a"], labels: ["a", "a"], classCount: 2) }?.kind == .malformed)
  }

  /// A file system may spell a name otherwise than the list of labels does.
  @Test func namesThatUnicodeSpellsInTwoWaysAreOne() throws {
    let mapping = try LabelMapping(folders: ["cafe\u{301}"], labels: ["tea", "caf\u{e9}"], classCount: 2)
    #expect(mapping.indices == [1])
    #expect(mapping.warnings.isEmpty)
    // Where the list has both, bytes tell them apart.
    let both = try LabelMapping(
      folders: ["cafe\u{301}", "caf\u{e9}"], labels: ["caf\u{e9}", "cafe\u{301}"], classCount: 2)
    #expect(both.indices == [1, 0])
  }

  @Test func namesThatDifferInCaseAreOneAndItIsSaid() throws {
    let mapping = try LabelMapping(folders: ["Zero", "one"], labels: ["zero", "one"], classCount: 2)
    #expect(mapping.indices == [0, 1])
    #expect(mapping.warnings.count == 1)
    #expect(mapping.warnings.first?.contains("'Zero'") == true)
  }

  @Test func otherFoldersAreClassesOfOnesOwn() throws {
    let mapping = try LabelMapping(
      folders: ["cat", "my mug", "old"], labels: ["ant", "cat"], classCount: 2,
      own: OwnClasses(names: ["old"], renames: [:]))
    #expect(mapping.names == ["ant", "cat", "old", "my mug"])
    #expect(mapping.indices == [1, 3, 2])
    #expect(mapping.warnings.count == 1)
  }

  @Test func aSlipOfThePenIsNamed() throws {
    let mapping = try LabelMapping(folders: ["daisys"], labels: ["daisy", "rose"], classCount: 2, own: OwnClasses())
    #expect(mapping.warnings.first?.contains("--map 'daisys=daisy'") == true)
  }

  /// Thirty classes of a person's own are one line, and a slip among them another.
  @Test func classesOfOnesOwnAreToldTogether() throws {
    let folders = ["daisys"] + (1...30).map { "mug \($0)" }
    let mapping = try LabelMapping(folders: folders, labels: ["daisy", "rose"], classCount: 2, own: OwnClasses())
    #expect(mapping.names.count == 33 && mapping.warnings.count == 2)
    #expect(mapping.warnings.last?.hasPrefix("no class of the model is named 'mug 1', 'mug 2', ") == true)
    #expect(mapping.warnings.last?.hasSuffix(" and 10 more: they are classes of your own") == true)
  }

  @Test func foldersStandForWhatTheyAreMappedTo() throws {
    let mapping = try LabelMapping(
      folders: ["mug"], labels: ["cup", "coffee_mug"], classCount: 2, own: OwnClasses(renames: ["mug": "coffee_mug"]))
    #expect(mapping.indices == [1])
    #expect(mapping.names == ["cup", "coffee_mug"])
  }

  @Test func withoutLabelsNumbersAreClassesOfThatNumber() throws {
    let mapping = try LabelMapping(folders: ["10", "2"], labels: [], classCount: 12)
    #expect(mapping.indices == [10, 2])
    #expect(mapping.warnings.isEmpty)
  }
}
