import Foundation
import Testing

/// Class folders as people have them: with a picture beside them, an empty one among them, and names of all kinds.
@Suite struct ClassFolderTests {
  /// Six pictures of each of two digits.
  private func people(in folder: Folder, as names: [String] = ["3", "8"]) throws {
    for (digit, name) in zip([3, 8], names) {
      for index in 0..<6 {
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/00\(index).png", to: "people/\(name)/\(index).png")
      }
    }
  }

  private func train(_ options: [String] = []) throws -> [String] {
    [try Digits.made().base, "--data", "people", "-o", "a.pexhead"] + options
  }

  @Test func aPictureBesideTheFoldersIsLeftOut() throws {
    let folder = try Folder()
    try people(in: folder)
    _ = try folder.copy(Digits.picture, to: "people/IMG_1.png")
    let base = try Digits.made().base
    for (program, arguments) in [(Program.pextrain, try train()), (.pexeval, [base, "--data", "people"])] {
      let outcome = try program.succeed(arguments + ["--json"], in: folder)
      #expect(
        outcome.complaints.contains {
          $0.hasSuffix("people: 1 entry is left out: 1 lies beside the class folders (people/IMG_1.png)")
        }, "\(outcome.stderr)")
      let report = try JSONValue(outcome.output)
      #expect(report["images"].number == 12 && report["left_out_files"]["count"].number == 1)
      let file = report["left_out_files"]["files"][0]
      #expect(file["file"].string == "people/IMG_1.png" && file["kind"].string == "beside_classes")
      #expect(file["reason"].string == "lies beside the class folders")
    }
    // Without labels it is a sample like all others.
    let all = try Program.pextrain.report([base, "--unlabelled", "people", "-o", "b.pexhead"], in: folder)
    #expect(all["images"].number == 13 && all["left_out_files"]["count"].number == 0)
  }

  @Test func loosePicturesAloneAreNoClasses() throws {
    let folder = try Folder()
    for index in 0..<3 { _ = try folder.copy(Digits.picture, to: "people/\(index).png") }
    let what = ["people: expected a folder a class, found 3 samples", "FOLDER/CLASS/picture.jpg"]
    try Program.pextrain.refuses(try train(), status: 65, saying: what + ["--unlabelled"], in: folder)
    try Program.pexeval.refuses([try Digits.made().base, "--data", "people"], status: 65, saying: what, in: folder)
  }

  @Test func emptyFoldersAreNamedAndMakeNoClass() throws {
    let folder = try Folder()
    try people(in: folder)
    for name in ["empty", "nested/2024/a"] {
      try FileManager.default.createDirectory(atPath: folder["people/\(name)"], withIntermediateDirectories: true)
    }
    let outcome = try Program.pextrain.succeed(try train(["--json"]), in: folder)
    #expect(
      outcome.complaints == [
        "pextrain: warning: people: 2 folders are empty and make no class: 'empty', 'nested'"
      ])
    #expect(try JSONValue(outcome.output)["classes"].items.compactMap(\.string) == ["3", "8"])
  }

  @Test func aClassForAFolderThatIsNotThereIsRefused() throws {
    let folder = try Folder()
    try people(in: folder)
    let base = try Digits.made().base
    let refused = { (arguments: [String], words: [String]) in
      try Program.pextrain.refuses(arguments, status: 64, saying: words, in: folder)
    }
    try refused(try train(["--map", "mgu=3"]), ["--map 'mgu=3'", "no class folder 'mgu'", "folders are '3', '8'"])
    try refused([base, "--unlabelled", "people", "--map", "3=8", "-o", "a.pexhead"], ["--map", "without --data"])
    try refused(try train(["--map", "3=a\nb"]), ["--map 3=a b", "control characters"])
    try refused([base, "--data", "people", "--map", "3=8", "--base", "-o", "b.pex"], ["--map '3=…'", "--base"])
    let mapped = try Program.pextrain.report(try train(["--map", "3=5"]), in: folder)
    #expect(mapped["classes"].items.compactMap(\.string) == ["5", "8"])
  }

  /// Such a name ends the training at once, and can be given another one without touching the folder.
  @Test func controlCharactersInANameAreShownAndRefused() throws {
    let folder = try Folder()
    try people(in: folder, as: ["3", "my\n\u{1b}[31mmug"])
    for (program, arguments) in [
      (Program.pextrain, try train()), (.pexeval, [try Digits.made().base, "--data", "people"]),
    ] {
      let lines = try program.refuses(
        arguments, status: 65,
        saying: ["people: the folder 'my\\n\\x1B[31mmug'", "--map 'my\\n\\x1B[31mmug=CLASS'"], in: folder)
      #expect(!lines.joined().contains("\u{1b}"))
    }
    let report = try Program.pextrain.report(try train(["--map", "my\\n\\x1B[31mmug=mug"]), in: folder)
    #expect(report["classes"].items.compactMap(\.string) == ["3", "mug"])
  }

  @Test func controlCharactersInLabelsAreRefusedAtOnce() throws {
    let folder = try Folder()
    try folder.write("labels.json", Data("[\"0\",\"1\",\"2\",\"3\",\"a\\nb\",\"5\",\"6\",\"7\",\"8\",\"9\"]".utf8))
    try Program.pexconvert.refuses(
      [Digits.model, "--labels", "labels.json", "-o", "a.pex"], status: 65,
      saying: ["labels.json: class 4", "without control characters", "'a\\nb'"], in: folder)
  }

  @Test func classesThatAreNotToBeKnownAreNamed() throws {
    let folder = try Folder()
    try people(in: folder, as: ["3", "mug"])
    let outcome = try Program.pextrain.run(try train(["--classes", "3,5"]), in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.complaints.contains { $0.hasSuffix("classes that the heads are not to know: mug") })
  }

  /// Sentences name three of a kind; the report has all of them, with a system's own at the end.
  @Test func everyFileThatIsLeftOutIsInTheReport() throws {
    let folder = try Folder()
    try people(in: folder)
    for index in 0..<5 { try folder.write("people/3/\(index).txt", Data("words".utf8)) }
    try folder.write("people/3/x.png", Data("no picture".utf8))
    for name in [".DS_Store", "people/.DS_Store", "people/3/._0.png", "people/8/.9.png", "people/@eaDir/1.png"] {
      try folder.write(name, Data())
    }
    let base = try Digits.made().base
    let expected =
      [("people/3/x.png", "unusable")] + (0..<5).map { ("people/3/\($0).txt", "no_picture") }
      + [
        ("people/8/.9.png", "hidden"), ("people/.DS_Store", "system"), ("people/@eaDir/", "system"),
        ("people/3/._0.png", "system"),
      ]
    for (program, arguments, status) in [
      (Program.pextrain, try train(), 0), (.pextrain, [base, "--unlabelled", "people", "-o", "b.pexhead"], 0),
      (.pexeval, [base, "--data", "people"], 65), (.pexrun, [base, "people"], 65),
      (.pexeval, [base, "--data", "people", "--suggest-preprocessing"], 65),
    ] as [(Program, [String], Int32)] {
      let outcome = try program.run(arguments + ["--json"], in: folder)
      #expect(outcome.status == status, "\(outcome.stderr)")
      let listed = try JSONValue(outcome.output)["left_out_files"]
      #expect(listed["count"].number == 10)
      let files = Set(listed["files"].items.map { "\($0["file"].string ?? "") \($0["kind"].string ?? "")" })
      #expect(files == Set(expected.map { "\($0.0) \($0.1)" }), "\(program): \(files)")
      #expect(listed["files"][0]["reason"].string?.hasPrefix("expected a picture") == true)
    }
  }

  /// A Mac's own files are no warning: a word, and nothing with --quiet.
  @Test func aSystemsOwnFilesAreAWord() throws {
    let folder = try Folder()
    try people(in: folder)
    for name in [".DS_Store", "3/.DS_Store", "3/._0.png", "8/._0.png"] { try folder.write("people/\(name)", Data()) }
    let outcome = try Program.pextrain.succeed(try train(), in: folder)
    let line = "people: 4 hidden files or a system's own are left out (.DS_Store, ._*)"
    #expect(outcome.complaints.filter { $0.contains("left out") } == [line])
    #expect(try Program.pexrun.succeed([try Digits.made().base, "people"], in: folder).complaints == [line])
    let quiet = try Program.pextrain.succeed(try train(["--quiet", "--force"]), in: folder)
    #expect(quiet.complaints.isEmpty)
  }
}
