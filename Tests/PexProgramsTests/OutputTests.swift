import Foundation
import Testing

/// What `pexrun` prints and saves.
@Suite struct OutputTests {
  private func saved(_ arguments: [String], in folder: Folder) throws -> [JSONValue] {
    try Program.pexrun.succeed([try Digits.made().base, "--save-outputs", "out"] + arguments, in: folder)
    let bytes = try folder.read("out/outputs.json")
    #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("{\"format\":1,"))
    return try JSONValue(bytes)["outputs"].items
  }

  @Test func everyExitIsSaved() throws {
    let folder = try Folder()
    let outputs = try saved([Digits.picture, "--exit", "all"], in: folder)
    #expect(outputs.map(\.["name"].string) == ["exit3", "exit6", "exit9", "exit10", "logits"])
    #expect(outputs.map(\.["exit"].number) == [3, 6, 9, 10, nil])
    // The final classifier's exit is there, and it is null.
    #expect(outputs.allSatisfy { $0.keys == ["name", "file", "shape", "dtype", "exit"] })
    var contents: Set<[UInt32]> = []
    for output in outputs {
      #expect(output["shape"].items.map(\.number) == [1, 10])
      #expect(output["dtype"].string == "float32")
      contents.insert(Arrays.bits(try folder.read("out/" + (try #require(output["file"].string))), last: 10))
    }
    #expect(contents.count == 5, "every exit has logits of its own")
    #expect(try folder.snapshot().count == 7, "the folder, five arrays and their list, nothing else")
  }

  /// Foundation's functions for paths end the program on a name like that.
  @Test func aNameMayHaveOneCharacter() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([try Digits.made().base, "-o", "x"], in: folder)
    #expect(try folder.snapshot().keys.contains("x"))
  }

  @Test func anExitThatIsTakenLeavesTheRestOut() throws {
    let outputs = try saved([Digits.picture, "--exit", "3"], in: try Folder())
    #expect(outputs.map(\.["name"].string) == ["exit3"])
  }

  @Test func savedLogitsAreThoseOfTheExitAlone() throws {
    let folders = [try Folder(), try Folder()]
    _ = try saved([Digits.picture, "--exit", "all"], in: folders[0])
    _ = try saved([Digits.picture, "--exit", "6"], in: folders[1])
    #expect(try folders[0].read("out/exit6.npy") == folders[1].read("out/exit6.npy"))
  }

  @Test func savedOutputsAreNotOverwritten() throws {
    let folder = try Folder()
    _ = try saved([Digits.picture, "--exit", "3"], in: folder)
    let arguments = [try Digits.made().base, Digits.picture, "--exit", "6", "--save-outputs", "out"]
    try Program.pexrun.refuses(arguments, status: 73, saying: ["out"], in: folder)
    try Program.pexrun.succeed(arguments + ["--force"], in: folder)
    #expect(try JSONValue(try folder.read("out/outputs.json"))["outputs"][0]["name"].string == "exit6")
  }

  @Test func aFileIsNoFolderForOutputs() throws {
    let folder = try Folder()
    try folder.write("out", Data("a file".utf8))
    let arguments = [try Digits.made().base, Digits.picture, "--save-outputs", "out", "--force"]
    try Program.pexrun.refuses(arguments, status: 73, saying: ["out"], in: folder)
  }

  @Test func aFolderIsAllItsPictures() throws {
    let base = try Digits.made().base
    let report = try Program.pexrun.report([base, Digits.personTest])
    #expect(report["results"].items.count == 200)
    let some = try Program.pexrun.report([base, Digits.personTest + "/3", Digits.picture])
    #expect(some["results"].items.count == 21)
    #expect(some["results"][20]["input"].string == Digits.picture)
  }

  @Test func textIsOneLineAnInput() throws {
    let outcome = try Program.pexrun.succeed([try Digits.made().base, Digits.personTest + "/3", "--exit", "6"])
    let lines = outcome.stdout.split(separator: "\n")
    #expect(lines.count == 20)
    for line in lines { #expect(line.contains(".png") && line.contains("exit 6") && line.contains("of MACs")) }
    #expect(outcome.stderr.isEmpty)
  }

  @Test func anArrayHoldsManySamples() throws {
    let folder = try Folder()
    try folder.write("x.npy", Arrays.npy([3, 1, 32, 32], Arrays.noise(3 * 1024, seed: 3)))
    let report = try Program.pexrun.report([try Digits.made().base, "x.npy"], in: folder)
    #expect(report["results"].items.map(\.["input"].string) == ["x.npy#0", "x.npy#1", "x.npy#2"])
    let outputs = try saved(["x.npy", "--exit", "final"], in: folder)
    #expect(outputs.first?["shape"].items.map(\.number) == [3, 10])
  }

  @Test func withoutInputTheBundleIsDescribedAndTimed() throws {
    let outcome = try Program.pexrun.succeed([try Digits.made().base])
    #expect(outcome.stdout.contains("input image: f32[N,1,32,32]"))
    #expect(outcome.stdout.contains("output logits"))
    let rows = outcome.stdout.split(separator: "\n").suffix(5).compactMap { $0.split(separator: " ").first }
    #expect(rows == ["3", "6", "9", "10", "final"])
  }

  @Test func graphsAreDrawn() throws {
    let folder = try Folder()
    try Program.pexinfo.succeed([Digits.model, "--graph", "a.dot"], in: folder)
    let text = String(decoding: try folder.read("a.dot"), as: UTF8.self)
    #expect(text.hasPrefix("digraph ") && text.contains("to exits 9, 10") && text.contains("winograd"))
    try Program.pexinfo.refuses([Digits.model, "--graph", "a.dot"], status: 73, in: folder, printing: true)
    try Program.pexinfo.succeed([Digits.model, "--graph", "a.dot", "--force"], in: folder)
  }
}
