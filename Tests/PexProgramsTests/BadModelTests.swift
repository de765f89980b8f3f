import Foundation
import Testing

/// Models, bundles and head files that are none.
@Suite struct BadModelTests {
  /// Every way in which a program opens a file, with that file in the place of `@`.
  private static let openings: [(program: Program, arguments: [String])] = [
    (.pexconvert, ["@", "-o", "x.pex"]), (.pexconvert, ["@", "--list-exits"]), (.pexinfo, ["@"]),
    (.pexrun, ["@", Digits.picture]),
    (.pextrain, ["@", "--data", Digits.personTrain, "-o", "x.pexhead"]),
    (.pexeval, ["@", "--data", Digits.personTest]),
  ]

  private func refuse(_ file: String, status: Int32, in folder: Folder) throws {
    for (program, arguments) in Self.openings {
      let words = arguments.map { $0 == "@" ? file : $0 }
      try program.refuses(words, status: status, saying: [file], in: folder)
    }
  }

  @Test func missing() throws { try refuse("nothing.onnx", status: 66, in: try Folder()) }

  @Test func aFolder() throws { try refuse("/", status: 66, in: try Folder()) }

  @Test func empty() throws {
    let folder = try Folder()
    try folder.write("empty.onnx", Data())
    try refuse("empty.onnx", status: 65, in: folder)
  }

  @Test func aPicture() throws {
    let folder = try Folder()
    _ = try folder.copy(Digits.picture, to: "picture.onnx")
    try refuse("picture.onnx", status: 65, in: folder)
  }

  @Test func words() throws {
    let folder = try Folder()
    try folder.write("words.pex", Data("These are words and no network.\n".utf8))
    try refuse("words.pex", status: 65, in: folder)
  }

  @Test func oversized() throws {
    // Eight gigabytes that take no room on the disk; kept elsewhere, so that nobody compares them.
    let elsewhere = try Folder()
    let path = try elsewhere.write("large.onnx", Data())
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: 8 << 30)
    try file.close()
    try refuse(path, status: 65, in: try Folder())
  }

  @Test func truncatedBundle() throws {
    let folder = try Folder()
    let bytes = try Digits.made().folder.read("base.pex")
    for share in [8, 100, bytes.count / 2, bytes.count - 1] {
      try folder.write("short.pex", bytes.prefix(share))
      try refuse("short.pex", status: 65, in: folder)
    }
  }

  @Test func truncatedModel() throws {
    let folder = try Folder()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Digits.model))
    for share in [8, 100, bytes.count / 2, bytes.count - 1] {
      try folder.write("short.onnx", bytes.prefix(share))
      try Program.pexconvert.refuses(["short.onnx"], status: 65, saying: ["short.onnx"], in: folder)
    }
  }

  @Test func aModelOrHeadsInTheBundlesPlace() throws {
    let folder = try Folder()
    for file in [Digits.model, try Digits.made().heads] {
      try Program.pexrun.refuses([file, Digits.picture], status: 65, saying: ["expected a bundle"], in: folder)
    }
  }

  @Test func badHeads() throws {
    let folder = try Folder()
    let made = try Digits.made()
    try folder.write("empty.pexhead", Data())
    try folder.write("short.pexhead", try made.folder.read("person.pexhead").dropLast())
    let cases: [(String, Int32)] = [
      ("none.pexhead", 66), ("empty.pexhead", 65), ("short.pexhead", 65), (Digits.picture, 65), (made.base, 65),
      ("/", 66),
    ]
    for (heads, status) in cases {
      try Program.pexrun.refuses(
        [made.base, "--heads", heads, Digits.picture], status: status, saying: [heads], in: folder)
    }
  }

  @Test func weightsThatAreNoNumbers() throws {
    let folder = try Folder()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Digits.model))
    // Eight bytes hold a whole float32 wherever floats begin, and all ones is not a number.
    for index in bytes.count / 2..<bytes.count / 2 + 8 { bytes[index] = 0xff }
    try folder.write("nan.onnx", bytes)
    try Program.pexconvert.refuses(["nan.onnx"], status: 65, saying: ["nan.onnx"], in: folder)
  }

  @Test func allUnknownOperatorsAreNamedAtOnce() throws {
    let folder = try Folder()
    try folder.write("foo.onnx", ONNXModel.chain(["Relu", "Foo", "Bar", "Foo", "Relu"]))
    for arguments in [["foo.onnx"], ["foo.onnx", "--list-exits"], ["foo.onnx", "--dry-run"]] {
      try Program.pexconvert.refuses(arguments, status: 69, saying: ["Foo", "Bar"], in: folder)
    }
    let described = try Program.pexinfo.succeed(["foo.onnx"], in: folder).stdout
    #expect(described.contains("in the way: operators not supported") && described.contains("Foo x 2"))
    // The same model without them is fine, so it is the operators that are refused.
    try folder.write("fine.onnx", ONNXModel.chain(["Relu", "Relu"]))
    try Program.pexconvert.succeed(["fine.onnx", "--dry-run"], in: folder)
  }

  @Test func aPreflightReportsUnknownOperators() throws {
    let folder = try Folder()
    try folder.write("foo.onnx", ONNXModel.chain(["Foo", "Bar", "Foo"]))
    let arguments = ["foo.onnx", "--dry-run", "--json"]
    try Program.pexconvert.refuses(arguments, status: 69, in: folder, printing: true)
    let outcome = try Program.pexconvert.run(arguments, in: folder)
    #expect(outcome.stdout.hasPrefix("{\"format\":1,"))
    let report = try JSONValue(outcome.output)
    #expect(report["supported"].bool == false)
    #expect(Set(report["unsupported"].items.compactMap { $0["count"].number }) == [1, 2])
    #expect(report["opset"].number == 17)
    #expect(report["message"].string?.contains("Foo x 2") == true)
  }
}
