import Foundation
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
    #expect(error?.hint == "the model's classes are 'cat', 'ant'")
    let near = failure { try LabelMapping(folders: ["my cat", "ants"], labels: ["cat", "ant"], classCount: 2) }
    #expect(near?.hint == "near is 'ant'; the model's classes are 'cat', 'ant'")
  }

  @Test func withoutLabelsSortedOrderStandsWithAWarning() throws {
    let mapping = try LabelMapping(folders: ["a", "b"], labels: [], classCount: 2)
    #expect(mapping.indices == [0, 1])
    #expect(mapping.warnings.count == 1)
  }

  /// As many folders as the model has classes are a person's own all the same, when that is said.
  @Test func foldersAreMeantToBeOnesOwn() throws {
    let mapping = try LabelMapping(
      folders: ["bird", "dog"], labels: [], classCount: 2, own: OwnClasses(areMeant: true))
    #expect(mapping.names == ["0", "1", "bird", "dog"] && mapping.indices == [2, 3])
    let places = try LabelMapping(folders: ["bird", "dog"], labels: [], classCount: 2, own: OwnClasses())
    #expect(places.indices == [0, 1] && places.warnings.first?.contains("--classes own") == true)
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

  /// However people write a name: only said, since a folder may be a class of its own for all that.
  @Test(arguments: [
    ("Great White Shark", "great_white_shark"), ("great-white-shark", "great_white_shark"),
    ("GreatWhiteSharks", "great_white_shark"), ("Labrador Retriever", "Labrador_retriever"),
    ("coffee mugs", "coffee_mug"), ("cofee_mug", "coffee_mug"), ("Cofee-Mugs", "coffee_mug"), ("glasses", "glass's"),
    ("golden-retriever", "golden retriever"), ("caf\u{e9} au lait", "cafe\u{301}_au-lait"),
  ])
  func nearNamesAreSuggested(folder: String, known: String) throws {
    let names = ["tench", "great_white_shark", "Labrador_retriever", "coffee_mug", "golden retriever", "glass's"]
    let labels = names + ["cafe\u{301}_au-lait"]
    let mapping = try LabelMapping(folders: [folder], labels: labels, classCount: labels.count, own: OwnClasses())
    #expect(mapping.names.count == labels.count + 1 && mapping.indices == [labels.count])
    let quoted = known.replacingOccurrences(of: "'", with: "'\\''")
    #expect(mapping.warnings.count == 1)
    #expect(
      mapping.warnings.first?.hasSuffix("(for the model's '\(known)' say --map '\(folder)=\(quoted)')") == true,
      "\(mapping.warnings)")
  }

  @Test(arguments: ["shark", "mug", "coffee", "-", "greatest white shark", "trench coat"])
  func otherNamesAreNot(folder: String) throws {
    let mapping = try LabelMapping(
      folders: [folder], labels: ["great white shark", "coffee mug", "tench", "bus"], classCount: 4, own: OwnClasses())
    #expect(mapping.warnings == ["no class of the model is named '\(folder)': it is a class of your own"])
  }

  /// What is said of a folder that stands for a class is about the folder, so that it can be said again.
  @Test func nearNamesAreToldTogether() throws {
    let mapping = try LabelMapping(
      folders: ["gold fish", "mug"], labels: ["coffee_mug", "goldfish"], classCount: 2,
      own: OwnClasses(renames: ["mug": "cofee_mug"]))
    #expect(
      mapping.warnings == [
        "no class of the model is named 'gold fish', 'cofee_mug': they are classes of your own "
          + "(for the model's say --map 'gold fish=goldfish' --map 'mug=coffee_mug')"
      ])
  }

  @Test func classesOfNoFolderAreRefused() throws {
    let own = OwnClasses(renames: ["mgu": "cup"])
    let folders = (0..<30).map { "class \($0)" }
    for (labels, count) in [(["cup", "ant"], 2), ([], nil)] as [([String], Int?)] {
      let error = failure { try LabelMapping(folders: folders, labels: labels, classCount: count, own: own) }
      #expect(error?.kind == .usage && error?.message == "--map 'mgu=cup': there is no class folder 'mgu'")
      #expect(error?.hint?.hasPrefix("the folders are 'class 0', 'class 1', ") == true)
      #expect(error?.hint?.hasSuffix("'class 19' and 10 more") == true)
    }
    // An empty folder is there.
    let mapping = try LabelMapping(
      folders: ["ant"], among: ["ant", "mgu"], labels: ["cup", "ant"], classCount: 2, own: own)
    #expect(mapping.indices == [1])
  }

  @Test func controlCharactersAreInNoClassesName() throws {
    for (labels, count) in [(["cup", "ant"], 2), ([], nil)] as [([String], Int?)] {
      let error = failure {
        try LabelMapping(folders: ["ant", "my\n\u{1b}cup"], labels: labels, classCount: count, own: OwnClasses())
      }
      #expect(error?.kind == .malformed && error?.message.contains("the folder 'my\\n\\x1Bcup'") == true)
      #expect(error?.hint?.contains("--map 'my\\n\\x1Bcup=CLASS'") == true)
      for folder in ["my\n\u{1b}cup", "my\\n\\x1Bcup"] {
        let mapping = try LabelMapping(
          folders: ["ant", "my\n\u{1b}cup"], labels: labels, classCount: count,
          own: OwnClasses(renames: [folder: "cup"]))
        #expect(mapping.indices.map { mapping.names[$0] } == ["ant", "cup"])
      }
    }
  }

  /// Where folders stand for classes in sorted order, an empty one keeps the place of its class.
  @Test func emptyFoldersCountWhereFoldersAreAsManyAsClasses() throws {
    let mapping = try LabelMapping(folders: ["a", "c"], among: ["a", "b", "c"], labels: [], classCount: 3)
    #expect(mapping.indices == [0, 2])
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
