import Foundation
import Testing

/// One bad picture among others: it is named, and the others are answered, measured and learned from all the same.
@Suite struct BadPictureTests {
  /// A black picture of one pixel.
  private static let black =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

  /// Pictures of two digits, and one that is none.
  private func people(in folder: Folder) throws {
    for digit in [3, 8] {
      for index in 0..<6 {
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/00\(index).png", to: "people/\(digit)/\(index).png")
      }
    }
    try folder.write("people/3/x.png", Data("RIFF....WEBPVP8 ".utf8))
  }

  /// A network that standardises its input, and so makes nothing of a picture of one level.
  private func standardising(in folder: Folder) throws -> String {
    let model = ONNXModel.model(channels: 1) { graph in
      let steps: [(String, [String], String)] = [
        ("ReduceMean", ["x"], "mean"), ("Sub", ["x", "mean"], "d"), ("Mul", ["d", "d"], "d2"),
        ("ReduceMean", ["d2"], "v"), ("Sqrt", ["v"], "s"), ("Div", ["d", "s"], "n"), ("Conv", ["n", "w"], "c"),
        ("Relu", ["c"], "r"), ("GlobalAveragePool", ["r"], "g"), ("Flatten", ["g"], "y"),
      ]
      for (op, inputs, output) in steps {
        graph.data(
          1,
          ONNXModel.node(op, inputs, [output], name: output) { node in
            guard op == "ReduceMean" else { return }
            node.message(5) { axes in
              axes.string(1, "axes")
              for axis in 1...3 { axes.integer(8, axis) }
              axes.integer(20, 7)
            }
          })
      }
      // 1 and -1.
      graph.data(5, ONNXModel.tensor("w", [2, 1, 1, 1]) { $0.data(9, Data([0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf])) })
    }
    try folder.write("m.onnx", model)
    try Program.pexconvert.succeed(
      ["m.onnx", "-o", "m.pex", "--output-kind", "none", "--preprocess", "unit", "--channels", "gray"], in: folder)
    try folder.write("people/8/black.png", try #require(Data(base64Encoded: Self.black)))
    return "m.pex"
  }

  @Test func theOthersAreAnswered() throws {
    let folder = try Folder()
    try people(in: folder)
    let arguments = [try Digits.made().base, "people/3", "people/8/0.png"]
    let outcome = try Program.pexrun.run(arguments, in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.stdout.split(separator: "\n").count == 7)
    #expect(outcome.complaints.count == 2 && outcome.complaints.allSatisfy { $0.contains("people/3/x.png") })
    #expect(outcome.complaints[0].hasPrefix("pexrun: warning: "))
    #expect(outcome.complaints[1].hasPrefix("pexrun: error: 1 of 8 inputs"))
    let json = try Program.pexrun.run(arguments + ["--json"], in: folder)
    let report = try JSONValue(json.output)
    #expect(json.status == 65 && report["results"].items.count == 7)
    #expect(report["failed"].items.map { $0["input"].string } == ["people/3/x.png"])
    #expect(try Program.pexrun.report([arguments[0], "people/8"], in: folder)["failed"].items.isEmpty)
  }

  @Test func outputsAreThoseOfTheOthers() throws {
    let folder = try Folder()
    try people(in: folder)
    let outcome = try Program.pexrun.run(
      [try Digits.made().base, "people/3", "--exit", "final", "--save-outputs", "out"], in: folder)
    #expect(outcome.status == 65)
    let list = try JSONValue(try folder.read("out/outputs.json"))
    #expect(list["outputs"][0]["shape"].items.map(\.number) == [6, 10])
  }

  @Test func aPictureAloneIsAnErrorAsEver() throws {
    let folder = try Folder()
    try people(in: folder)
    let base = try Digits.made().base
    try Program.pexrun.refuses([base, "people/3/x.png"], status: 65, saying: ["people/3/x.png"], in: folder)
  }

  /// What is wrong with the bundle is said at once, and not of every picture.
  @Test func aDamagedBundleEndsAtOnce() throws {
    let folder = try Folder()
    try people(in: folder)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: try Digits.made().base))
    bytes[try sectionRange(.trunkTensors, of: bytes).lowerBound + 100] ^= 1
    try folder.write("a.pex", bytes)
    try Program.pexrun.refuses(["a.pex", "people/8"], status: 65, saying: ["a.pex"], in: folder)
  }

  @Test func measuringLeavesItOut() throws {
    let folder = try Folder()
    try people(in: folder)
    let outcome = try Program.pexeval.run([try Digits.made().base, "--data", "people", "--json"], in: folder)
    let report = try JSONValue(outcome.output)
    #expect(report["images"].number == 12 && report["left_out"].items.count == 1)
    // Named when it is met, and at the end by the status.
    #expect(outcome.status == 65 && outcome.complaints.count == 2)
    #expect(outcome.complaints.allSatisfy { $0.contains("1 of 13 samples") && $0.contains("people/3/x.png") })
    for name in try FileManager.default.contentsOfDirectory(atPath: folder["people/8"]) {
      try folder.write("none/3/\(name)", Data("no picture".utf8))
    }
    let arguments = [try Digits.made().base, "--data", "none", "--samples", "s.csv"]
    try Program.pexeval.refuses(arguments, status: 65, saying: ["none of 6 samples", "none/3/0.png"], in: folder)
  }

  @Test func aPictureThatTheNetworkMakesNothingOfIsLeftOut() throws {
    let folder = try Folder()
    try people(in: folder)
    let bundle = try standardising(in: folder)
    let trained = try Program.pextrain.succeed([bundle, "--data", "people", "-o", "a.pexhead"], in: folder)
    #expect(trained.complaints.contains { $0.contains("2 of 14 samples") && $0.contains("people/8/black.png") })
    let again = try Program.pextrain.succeed(
      [bundle, "--data", "people", "-o", "b.pexhead", "--cache", "cache"], in: folder)
    #expect(again.complaints.contains { $0.contains("2 of 14 samples") && $0.contains("people/8/black.png") })
    #expect(try folder.read("a.pexhead") == folder.read("b.pexhead"))
    let measured = try Program.pexeval.run([bundle, "--heads", "a.pexhead", "--data", "people"], in: folder)
    #expect(measured.status == 65)
    #expect(measured.complaints.contains { $0.contains("2 of 14 samples") && $0.contains("people/8/black.png") })
    let run = try Program.pexrun.run([bundle, "--heads", "a.pexhead", "people/8"], in: folder)
    #expect(run.status == 65 && run.stdout.split(separator: "\n").count == 6)
    #expect(run.complaints.allSatisfy { $0.contains("people/8/black.png") || $0.hasPrefix("hint: ") })
  }
}
