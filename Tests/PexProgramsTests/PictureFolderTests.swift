import Foundation
import Testing

/// Folders of pictures as people have them: every program reads the same files, and says which it does not read.
@Suite struct PictureFolderTests {
  /// Pictures of two digits, one of the classes in folders of its own by year.
  private func people(in folder: Folder) throws {
    for digit in [3, 8] {
      for index in 0..<6 {
        let name = digit == 3 ? "people/3/202\(index % 2)/trip/\(index).png" : "people/8/\(index).png"
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/00\(index).png", to: name)
      }
    }
  }

  @Test func nestedFoldersAreRead() throws {
    let folder = try Folder()
    try people(in: folder)
    let base = try Digits.made().base
    let trained = try Program.pextrain.report([base, "--data", "people", "-o", "a.pexhead"], in: folder)
    #expect(trained["images"].number == 12 && trained["labelled"].number == 12)
    let unlabelled = try Program.pextrain.report([base, "--unlabelled", "people", "-o", "b.pexhead"], in: folder)
    #expect(unlabelled["images"].number == 12)
    #expect(try Program.pexeval.report([base, "--data", "people"], in: folder)["images"].number == 12)
    let run = try Program.pexrun.report([base, "people"], in: folder)
    #expect(run["results"].items.first?["input"].string == "people/3/2020/trip/0.png")
    #expect(run["results"].items.count == 12)
    // Too few for what they are wanted for, but all of them counted.
    try Program.pexconvert.refuses(
      [base, "--calibrate", "people", "-o", "c.pex"], status: 65, saying: ["found 12"], in: folder)
  }

  @Test func whatIsNotReadIsSaidByEveryProgram() throws {
    let folder = try Folder()
    try people(in: folder)
    try folder.write("people/8/notes.txt", Data("words".utf8))
    try FileManager.default.createSymbolicLink(atPath: folder["people/3/gone.png"], withDestinationPath: "nowhere")
    let base = try Digits.made().base
    for (program, arguments) in [
      (Program.pextrain, [base, "--data", "people", "-o", "a.pexhead"]),
      (.pextrain, [base, "--unlabelled", "people", "-o", "b.pexhead"]), (.pexeval, [base, "--data", "people"]),
      (.pexrun, [base, "people"]), (.pexconvert, [base, "--calibrate", "people", "-o", "c.pex"]),
    ] {
      let said = try program.run(arguments, in: folder).complaints.filter { $0.contains("left out") }
      #expect(said.count == 1)
      for words in ["warning: people: 2 entries", "people/8/notes.txt", "people/3/gone.png"] {
        #expect(said.first?.contains(words) == true, "\(program): \(said)")
      }
    }
  }

  @Test func aClassWithoutAnyPictureEndsTheTraining() throws {
    let folder = try Folder()
    try people(in: folder)
    let base = try Digits.made().base
    for index in 0..<3 { try folder.write("people/5/\(index).png", Data("RIFF....WEBPVP8 ".utf8)) }
    let arguments = [base, "--data", "people", "-o", "a.pexhead"]
    try Program.pextrain.refuses(
      arguments, status: 65, saying: ["class '5'", "none of its 3 samples", "people/5/0.png"], in: folder)
    for index in 0..<3 { try folder.write("people/5/\(index).png", Data()) }
    try FileManager.default.removeItem(atPath: folder["people/5"])
    try folder.write("people/5/list.txt", Data("words".utf8))
    try Program.pextrain.refuses(arguments, status: 65, saying: ["'5' holds no picture", "list.txt"], in: folder)
    try Program.pexeval.refuses(
      [base, "--data", "people"], status: 65, saying: ["'5' holds no picture", "list.txt"], in: folder)
  }

  /// Names need not be text, neither of files that are given nor of such that lie in folders.
  @Test func namesOfAnyBytesAreRead() throws {
    let folder = try Folder()
    let command =
      "mkdir \"$(printf 'caf\\351')\"; cp \"$1\" \"$(printf 'caf\\351/\\374.png')\"; "
      + "\"$0\" \"$2\" \"$(printf 'caf\\351/\\374.png')\" \"$(printf 'caf\\351')\" ."
    let outcome = try RunningProgram(
      "/bin/sh", ["-c", command, try Program.pexrun.path(), Digits.picture, try Digits.made().base], in: folder
    ).finish()
    #expect(outcome.status == 0, "\(outcome.stderr)")
    let lines = outcome.stdout.split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.contains("caf\\xE9/\\xFC.png  ") })
  }

  @Test func aPictureComesFromStandardInput() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    func run(_ arguments: String, _ source: String) throws -> Program.Outcome {
      let command = "\"$0\" \"$1\" - \(arguments) < \"$2\""
      return try RunningProgram(
        "/bin/sh", ["-c", command, try Program.pexrun.path(), base, source], in: folder
      ).finish()
    }
    let file = try Program.pexrun.report([base, Digits.picture], in: folder)["results"][0]
    let piped = try run("--json", Digits.picture)
    let report = try JSONValue(piped.output)["results"]
    #expect(piped.status == 0 && report.items.count == 1)
    #expect(report[0]["input"].string == "-")
    #expect(report[0]["label"].string == file["label"].string)
    #expect(report[0]["probability"].number == file["probability"].number)
    try folder.write("words", Data("words".utf8))
    let words = try run("", folder["words"])
    #expect(words.status == 65 && words.complaints.first?.hasPrefix("pexrun: error: -: expected a picture") == true)
  }

  /// Whoever has no decoder is told which package brings it, and gets answers for everything else.
  @Test(arguments: [
    ("photo.heic", "libheif.so.1", "libheif1"), ("photo.avif", "libheif.so.1", "libheif1"),
    ("lossless.webp", "libwebp.so.7", "libwebp7"), ("rgb.tif", "libtiff.so.6", "libtiff6"),
  ])
  func aMissingDecoderIsNamed(name: String, library: String, package: String) throws {
    let folder = try Folder()
    _ = try folder.copy(Digits.root + "/Tests/PexDataTests/Fixtures/formats/" + name, to: "photos/x")
    _ = try folder.copy(Digits.picture, to: "photos/y.png")
    let base = try Digits.made().base
    #expect(try Program.pexrun.report([base, "photos"], in: folder)["results"].items.count == 2)
    // A file that is no library in front of the system's.
    try folder.write("lib/\(library)", Data())
    let outcome = try Program.pexrun.run(
      [base, "photos", "--json"], in: folder, environment: ["LD_LIBRARY_PATH": folder["lib"]])
    #expect(outcome.status == 66)
    #expect(outcome.complaints.contains { $0.hasPrefix("hint: ") && $0.contains(package) })
    #expect(try JSONValue(outcome.output)["results"].items.count == 1)
    #expect(try JSONValue(outcome.output)["failed"][0]["input"].string == "photos/x")
  }

  @Test func thePixelLimitCanBeRaisedAndLowered() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let lines = try Program.pexrun.refuses(
      [base, Digits.picture, "--pixel-limit", "10"], status: 65, saying: ["too large", "at most 10"], in: folder)
    let hint = try #require(lines.last?.split(separator: " ").first { Int($0) != nil })
    try Program.pexrun.succeed([base, Digits.picture, "--pixel-limit", String(hint)], in: folder)
    for (program, arguments) in [
      (Program.pexeval, ["--data", Digits.personTest]), (.pextrain, ["--data", Digits.personTest, "-o", "a.pexhead"]),
      (.pexconvert, ["--calibrate", Digits.personTest, "-o", "c.pex"]),
    ] {
      let outcome = try program.run([base, "--pixel-limit", "10"] + arguments, in: folder)
      #expect(outcome.status == 65 && outcome.stderr.contains("too large"), "\(program): \(outcome.stderr)")
    }
  }
}
