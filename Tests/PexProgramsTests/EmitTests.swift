import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Networks with their exits as ONNX, from program to program.
@Suite struct EmitTests {
  /// The names and bytes of what `pexrun` computes of some numbers, by output.
  private func outputs(
    _ bundle: String, _ arguments: [String] = [], exit: String = "all", in folder: Folder
  ) throws -> [String: [Float]] {
    try folder.write("x.npy", Arrays.npy([2, 1, 32, 32], Arrays.noise(2048, seed: 9)))
    let run = [bundle, "--input", "image=x.npy", "--exit", exit, "--save-outputs", "out", "--force"]
    try Program.pexrun.succeed(run + arguments, in: folder)
    let list = try JSONValue(try folder.read("out/outputs.json"))["outputs"].items
    var found: [String: [Float]] = [:]
    for entry in list {
      let count = entry["shape"].items.compactMap(\.number).reduce(1, *)
      let bits = Arrays.bits(try folder.read("out/" + (entry["file"].string ?? "")), last: Int(count))
      found[entry["name"].string ?? ""] = bits.map(Float.init(bitPattern:))
    }
    return found
  }

  private func error(_ a: [Float]?, _ b: [Float]?) -> Float {
    guard let a, let b, a.count == b.count, let largest = b.map(abs).max() else { return .infinity }
    return (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / largest
  }

  /// Writes ONNX, reads that as a network of its own, and holds its outputs against the exits that were baked in.
  /// - Returns: the names of the outputs.
  private func roundTrip(_ bundle: String, _ heads: [String] = [], in folder: Folder) throws -> [String] {
    try Program.pexconvert.succeed([bundle, "--emit", "onnx", "-o", "baked.onnx"] + heads, in: folder)
    try Program.pexconvert.succeed(["baked.onnx", "--exits", "none", "-o", "again.pex"], in: folder)
    let expected = try outputs(bundle, heads, in: folder)
    let found = try outputs("again.pex", exit: "final", in: folder)
    #expect(found.keys.sorted() == expected.keys.sorted())
    for (name, numbers) in expected { #expect(error(found[name], numbers) < 1e-5, "\(name)") }
    return try Program.pexinfo.report(["again.pex"], in: folder)["outputs"].items.compactMap { $0["name"].string }
  }

  @Test func baseHeadsBecomeOutputs() throws {
    let names = try roundTrip(try Digits.made().base, in: try Folder())
    #expect(names == ["logits", "exit3", "exit6", "exit9", "exit10"])
  }

  @Test func personalHeadsTakeTheirPlace() throws {
    let made = try Digits.made()
    let folder = try Folder()
    let names = try roundTrip(made.base, ["--heads", made.heads], in: folder)
    #expect(names.first == "logits" && names.contains("exit6"))
    // They are others than the base heads, and need none to be trained.
    let (own, general) = try (outputs(made.base, ["--heads", made.heads], in: folder), outputs(made.base, in: folder))
    #expect(error(own["exit6"], general["exit6"]) > 0.01)
    try Program.pexconvert.succeed(
      [made.bundle, "--heads", made.heads, "--emit", "onnx", "-o", "untrained.onnx"], in: folder)
    #expect(try folder.read("untrained.onnx") == folder.read("baked.onnx"))
  }

  @Test(arguments: ["multitap", "conv", "prototype"]) func everyKindOfHead(_ kind: String) throws {
    let folder = try Folder()
    let placed = ["--exits", "3,6", "--head", kind, "-o", "plain.pex"]
    try Program.pexconvert.succeed([Digits.model] + placed + Digits.flags, in: folder)
    let data = Digits.folder + "/general/train"
    try Program.pextrain.succeed(
      ["plain.pex", "--data", data, "--base", "--epochs", "2", "-o", "base.pex", "--quiet"], in: folder)
    #expect(try roundTrip("base.pex", in: folder) == ["logits", "exit3", "exit6", "exit10"])
  }

  /// The trunk of what was written has the same prefixes, so heads still fit.
  @Test func personalHeadsFitWhatIsReadAgain() throws {
    let folder = try Folder()
    let made = try Digits.made()
    // Without exits, whose outputs would have the names that pexrun gives to those of heads.
    try Program.pexconvert.succeed([made.base, "--exits", "none", "--emit", "onnx", "-o", "plain.onnx"], in: folder)
    try Program.pexconvert.succeed(["plain.onnx", "--exits", "3,6,9", "-o", "again.pex"] + Digits.flags, in: folder)
    let heads = ["--heads", made.heads]
    let (found, expected) = try (outputs("again.pex", heads, in: folder), outputs(made.base, heads, in: folder))
    for name in expected.keys where name.hasPrefix("exit") { #expect(found[name] == expected[name]) }
    let digests = try ["again.pex", made.base].map { file in
      try Program.pexinfo.report([file], in: folder)["exit_points"].items.map { $0["prefix_digest"].string }
    }
    #expect(digests[0] == digests[1] && digests[0].count == 10)
  }

  @Test func theReportAndTheBytesAreTheSameEveryTime() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let report = try Program.pexconvert.report([made.base, "--emit", "onnx", "-o", "a.onnx"], in: folder)
    #expect(report["output"].string == "a.onnx")
    #expect(try report["bytes"].number == Double(folder.read("a.onnx").count))
    #expect(report["exits"].items.map { $0["exit"].number } == [3, 6, 9, 10])
    #expect(report["exits"].items.allSatisfy { $0["trained"].bool == true })
    try Program.pexconvert.succeed([made.base, "--emit", "onnx", "-o", "b.onnx"], in: folder)
    #expect(try folder.read("a.onnx") == folder.read("b.onnx"))
    let dry = try Program.pexconvert.report([made.base, "--emit", "onnx-stages", "--dry-run"], in: folder)
    #expect(dry["output"].isNull)
    #expect(try folder.snapshot().count == 2)
  }

  @Test func halfPrecisionIsHalfAsLargeAndTheSameNumbers() throws {
    let folder = try Folder()
    let made = try Digits.made()
    for weights in ["f32", "f16"] {
      let options = ["--exits", "none", "--weights", weights, "--force"]
      try Program.pexconvert.succeed([made.base, "--emit", "onnx", "-o", "\(weights).onnx"] + options, in: folder)
      try Program.pexconvert.succeed([made.base, "-o", "\(weights).pex"] + options, in: folder)
    }
    #expect(try folder.read("f16.onnx").count < 2 * folder.read("f32.onnx").count / 3)
    try Program.pexconvert.succeed(["f16.onnx", "--exits", "none", "-o", "again.pex"], in: folder)
    let (found, expected) = try (outputs("again.pex", in: folder), outputs("f16.pex", in: folder))
    // What pex promises of the same numbers.
    #expect(error(found["logits"], expected["logits"]) < 1e-4)
  }

  /// Runs the stages one after the other, each as a bundle of its own.
  @Test func stagesRunOneAfterTheOther() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let report = try Program.pexconvert.report([made.base, "--emit", "onnx-stages", "-o", "parts/"], in: folder)
    #expect(report["output"].string == "parts" && report["stages"].number == 5)
    let list = try JSONValue(try folder.read("parts/stages.json"))
    #expect(list["stages"].items.map { $0["exit"].exit } == ["3", "6", "9", "10", "final"])
    #expect(list["exits"].items.map { $0["output"].string } == ["exit3", "exit6", "exit9", "exit10"])
    let expected = try outputs(made.base, in: folder)
    var shapes = ["image": [2, 1, 32, 32]]
    var values = ["image": Arrays.noise(2048, seed: 9)]
    for stage in list["stages"].items {
      let file = try #require(stage["file"].string)
      try Program.pexconvert.succeed(["parts/" + file, "--exits", "none", "-o", "stage.pex", "--force"], in: folder)
      var arguments: [String] = []
      for (index, name) in stage["inputs"].items.compactMap(\.string).enumerated() {
        let (shape, numbers) = (try #require(shapes[name]), try #require(values[name]))
        try folder.write("in\(index).npy", Arrays.npy(shape, numbers))
        arguments += ["--input", "\(name)=in\(index).npy"]
      }
      try Program.pexrun.succeed(
        ["stage.pex", "--exit", "final", "--save-outputs", "step", "--force"] + arguments, in: folder)
      for entry in try JSONValue(try folder.read("step/outputs.json"))["outputs"].items {
        let (name, file) = (try #require(entry["name"].string), try #require(entry["file"].string))
        let shape = entry["shape"].items.compactMap { $0.number.map(Int.init) }
        let bits = Arrays.bits(try folder.read("step/" + file), last: shape.reduce(1, *))
        shapes[name] = shape
        values[name] = bits.map(Float.init(bitPattern:))
      }
      #expect(stage["outputs"].items.allSatisfy { $0.string.map { values[$0] != nil } ?? false })
    }
    for (name, numbers) in expected { #expect(error(values[name], numbers) < 1e-5, "\(name)") }
  }

  @Test func whatNodesCannotSayIsInTheMetadata() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let heads = ["--heads", made.heads]
    try Program.pexconvert.succeed([made.base, "--emit", "onnx-stages", "-o", "parts"] + heads, in: folder)
    let list = try JSONValue(try folder.read("parts/stages.json"))
    let info = try Program.pexinfo.report([made.heads])
    #expect(list["policy"].string == info["policy"].string && list["policy"].string != nil)
    #expect(list["classes"].items.map(\.string) == info["classes"].items.map(\.string))
    #expect(list["exits"].items.map { $0["enabled"].bool } == info["exits"].items.map { $0["enabled"].bool })
    for (found, expected) in zip(list["exits"].items, info["exits"].items) {
      let (a, b) = (try #require(found["temperature"].number), try #require(expected["temperature"].number))
      #expect(abs(a - b) < 1e-5 * b)
      #expect(found["threshold"].number != nil)
    }
    #expect(list["preprocessing"]["channels"].string == "gray")
    #expect(list["final"]["output"].string == "logits" && list["final"]["classes"].items.count == 10)
    #expect(list["inputs"][0]["name"].string == "image")
    // The file of the whole graph says the same.
    try Program.pexconvert.succeed([made.base, "--emit", "onnx", "-o", "a.onnx"] + heads, in: folder)
    let words = String(decoding: try folder.read("a.onnx"), as: UTF8.self)
    for key in ["exits", "policy", "classes", "preprocessing", "final"] { #expect(words.contains("pex.\(key)")) }
  }

  @Test func defaultNames() throws {
    let folder = try Folder()
    let made = try Digits.made()
    _ = try folder.copy(made.base, to: "digits.pex")
    try Program.pexconvert.succeed(["digits.pex", "--emit", "onnx"], in: folder)
    try Program.pexconvert.succeed(["digits.pex", "--emit", "onnx-stages"], in: folder)
    try Program.pexconvert.succeed(["digits.onnx", "--exits", "none", "--emit", "onnx"], in: folder)
    #expect(
      try folder.snapshot().keys.filter { !$0.contains("/") }.sorted()
        == ["digits.exits.onnx", "digits.onnx", "digits.pex", "digits.stages"])
  }

  @Test func headsThatAreNotTrained() throws {
    let folder = try Folder()
    let made = try Digits.made()
    for form in ["onnx", "onnx-stages"] {
      try Program.pexconvert.refuses(
        [made.bundle, "--emit", form, "-o", "new.out"], status: 64, saying: ["trained", "--exits none"], in: folder)
    }
    let outcome = try Program.pexconvert.succeed(
      [made.base, "--exits", "3,5", "--emit", "onnx", "-o", "x.onnx"], in: folder)
    #expect(outcome.complaints.last == "pexconvert: warning: exits whose heads are not trained are left out: 5")
    try Program.pexconvert.succeed(["x.onnx", "--exits", "none", "-o", "x.pex"], in: folder)
    let names = try Program.pexinfo.report(["x.pex"], in: folder)["outputs"].items.map { $0["name"].string }
    #expect(names == ["logits", "exit3", "exit10"])
  }

  @Test func optionsThatDoNotGoTogether() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let cases: [([String], [String])] = [
      (["--emit", "foo"], ["foo"]), (["--emit", "onnx", "--pack"], ["--pack"]), (["--heads", made.heads], ["--emit"]),
      (["--emit", "onnx", "--heads", made.heads, "--train-heads", Digits.personTrain], ["--train-heads"]),
      (["--emit", "onnx", "-o", "-"], ["-"]), (["--emit", "onnx-stages", "-o", "-"], ["-"]),
    ]
    for (arguments, words) in cases {
      try Program.pexconvert.refuses([made.base] + arguments, status: 64, saying: words, in: folder)
    }
    // An output of the model has the name that an exit's would get.
    try Program.pexconvert.succeed([made.base, "--emit", "onnx", "-o", "a.onnx"], in: folder)
    try Program.pexconvert.succeed(["a.onnx", "--exits", "3,6,9", "-o", "a.pex"] + Digits.flags, in: folder)
    try Program.pexconvert.refuses(
      ["a.pex", "--heads", made.heads, "--emit", "onnx", "-o", "b.onnx"], status: 69, saying: ["'exit3'"], in: folder)
  }

  @Test func headsOfAnotherTrunkOrNone() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let emit = ["--emit", "onnx", "-o", "x.onnx"]
    try Program.pexconvert.succeed([Digits.model, "--weights", "f16", "-o", "half.pex"] + Digits.flags, in: folder)
    try Program.pexconvert.refuses(
      ["half.pex", "--heads", made.heads] + emit, status: 77, saying: [made.heads, "f32"], in: folder)
    try Program.pexconvert.refuses(
      [made.base, "--heads", made.base] + emit, status: 65, saying: [made.base], in: folder)
    try Program.pexconvert.refuses(
      [made.base, "--heads", "none.pexhead"] + emit, status: 66, saying: ["none.pexhead"], in: folder)
  }

  @Test func whatIsThereStays() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let file = [made.base, "--emit", "onnx", "-o", "old"]
    let stages = [made.base, "--emit", "onnx-stages", "-o", "parts"]
    try folder.write("old", Data("old".utf8))
    try Program.pexconvert.refuses(file, status: 73, saying: ["old", "--force"], in: folder)
    try Program.pexconvert.succeed(file + ["--force"], in: folder)
    try folder.write("parts/stage1.onnx", Data("old".utf8))
    try folder.write("parts/stage99.onnx", Data("old".utf8))
    try Program.pexconvert.refuses(stages, status: 73, saying: ["parts", "--force"], in: folder)
    try Program.pexconvert.succeed(stages + ["--force"], in: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder["parts"]).sorted()
    #expect(names == ["stage1.onnx", "stage2.onnx", "stage3.onnx", "stage4.onnx", "stage5.onnx", "stages.json"])
    // A folder with anything else in it is somebody's.
    try folder.write("parts/letter.txt", Data("dear".utf8))
    try Program.pexconvert.refuses(stages + ["--force"], status: 73, saying: ["letter.txt"], in: folder)
    try folder.write("file", Data("old".utf8))
    for more in [[], ["--force"]] {
      try Program.pexconvert.refuses(
        [made.base, "--emit", "onnx-stages", "-o", "file"] + more, status: 73, saying: ["file"], in: folder)
      for place in ["none/x", "/proc/x"] {
        try Program.pexconvert.refuses(
          [made.base, "--emit", "onnx-stages", "-o", place] + more, status: 73, saying: [place], in: folder)
      }
    }
  }

  @Test func whatIsReadIsNeverReplaced() throws {
    let folder = try Folder()
    let made = try Digits.made()
    _ = try folder.copy(made.base, to: "a.pex")
    _ = try folder.copy(made.heads, to: "a.pexhead")
    _ = try folder.copy(Digits.model, to: "parts/stage1.onnx")
    for output in ["a.pex", "a.pexhead"] {
      try Program.pexconvert.refuses(
        ["a.pex", "--heads", "a.pexhead", "--emit", "onnx", "--force", "-o", output], status: 64, in: folder)
    }
    try Program.pexconvert.refuses(
      ["parts/stage1.onnx", "--exits", "none", "--emit", "onnx-stages", "--force", "-o", "parts"], status: 64,
      saying: ["parts/stage1.onnx"], in: folder)
  }

  @Test func writingThatFailsMidwayLeavesNothing() throws {
    let folder = try Folder()
    let base = try Digits.made().base
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""
    for form in ["onnx", "onnx-stages"] {
      let words = ["-c", limited, try Program.pexconvert.path(), base, "--emit", form, "-o", "new"]
      let outcome = try RunningProgram("/bin/bash", words, in: folder).finish()
      #expect(outcome.status == 74)
      #expect(outcome.stderr.contains("cannot be written"))
      #expect(try folder.snapshot().isEmpty)
    }
  }

  @Test(arguments: [SIGTERM, SIGINT]) func interruptionsLeaveNothing(_ signal: Int32) throws {
    let elsewhere = try Folder()
    let model = try elsewhere.write("wide.onnx", ONNXModel.wide(2000))
    let folder = try Folder()
    let arguments = [model, "--exits", "none", "--emit", "onnx-stages", "-o", "parts", "--quiet"]
    var interrupted = 0
    for _ in 0..<10 where interrupted < 2 {
      let running = try RunningProgram(try Program.pexconvert.path(), arguments, in: folder)
      let limit = ContinuousClock.now + .seconds(20)
      while try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, ContinuousClock.now < limit {}
      running.interrupt(signal)
      let outcome = try running.finish()
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      // Whoever is interrupted after the renaming has written the folder.
      #expect(names == [] || names == ["parts"])
      if names == ["parts"] {
        #expect(try folder.snapshot().count == 3)
        try FileManager.default.removeItem(atPath: folder["parts"])
      }
      guard outcome.status != 0 else { continue }
      #expect([128 + signal, -signal].contains(outcome.status))
      interrupted += 1
    }
    #expect(interrupted == 2, "the signal came in time")
  }
}
