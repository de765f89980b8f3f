import Foundation
import Testing

/// The programs with readers that are shell scripts: what a reader hands over is a source like any other, and whatever a
/// reader does ends with one clear line.
@Suite struct KerasReaderTests {
  /// A script in the reader's place. `$bundle` is the digits network, `$line` the report that goes with it.
  private struct Fake {
    /// What the tests look at: the model, and nothing else.
    let folder: Folder
    let environment: [String: String]
    private let elsewhere: Folder

    init(_ script: String) throws {
      (folder, elsewhere) = (try Folder(), try Folder())
      try folder.write("model.h5", [0x89] + Array("HDF\r\n".utf8) + [0x1a, 0x0a, 0])
      let line =
        #"{"format":1,"operatorCounts":[{"count":2,"op":"Dense"}],"producer":"keras","warnings":["be warned"]}"#
      let setting =
        "line='\(try elsewhere.write("line", Data((line + "\n").utf8)))'; bundle='\(try Digits.made().base)'"
      let reader = try elsewhere.install(
        try elsewhere.write("script", Data("#!/bin/sh\n\(setting)\n\(script)\n".utf8)), as: "reader")
      try FileManager.default.createDirectory(atPath: elsewhere["temporary"], withIntermediateDirectories: true)
      environment = [
        "PEX_KERAS_READER": reader, "TMPDIR": elsewhere["temporary"], "PEX_KERAS_MEMORY": "\(100 << 20)",
      ]
    }

    /// What is left of temporary files.
    var left: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: elsewhere["temporary"]) } }
  }

  @Test func everythingWorksAsWithONNX() throws {
    let fake = try Fake("cat $line $bundle")
    let (folder, environment) = (fake.folder, fake.environment)
    let points = try Program.pexconvert.report(["model.h5", "--list-exits"], in: folder, environment: environment)
    #expect(points["exits"] == (try Program.pexconvert.report([Digits.model, "--list-exits"]))["exits"])
    let outcome = try Program.pexconvert.succeed(
      ["model.h5", "--verify", "--exits", "3,6"], in: folder, environment: environment)
    #expect(outcome.stderr.contains("pexconvert: warning: be warned") && outcome.stderr.contains("verify 1/1"))
    let info = try Program.pexinfo.report(["model.pex", "--check"], in: folder)
    #expect(info["producer"].string == "keras")
    let dry = try Program.pexconvert.report(["model.h5", "--dry-run"], in: folder, environment: environment)
    #expect(dry["supported"].bool == true && dry["output"].isNull)
    let verbose = try Program.pexconvert.succeed(
      ["model.h5", "--dry-run", "--verbose"], in: folder, environment: environment)
    #expect(verbose.stdout.contains("keras: Dense 2"))
    try Program.pexconvert.succeed(
      ["model.h5", "--emit", "onnx", "--exits", "none", "-o", "model.onnx"], in: folder, environment: environment)
    try Program.pexinfo.succeed(["model.onnx"], in: folder)
    #expect(try fake.left.isEmpty)
  }

  @Test func whatAFileHolds() throws {
    let fake = try Fake("cat $line $bundle")
    let info = try Program.pexinfo.report(["model.h5"], in: fake.folder, environment: fake.environment)
    #expect(info["kind"].string == "keras" && info["producer"].string == "keras")
    #expect(info["exit_points"].items.count == 10)
    try Program.pexinfo.succeed(
      ["model.h5", "--graph", "model.dot"], in: fake.folder, environment: fake.environment)
    #expect(try !fake.folder.read("model.dot").isEmpty)
  }

  @Test(arguments: [
    ("exit 0", 65, "said nothing"), ("cat /dev/urandom", 65, "JSON"),
    ("cat $line; cat /dev/zero", 65, "more than 104857600"),
    ("cat $line; head -c 2000 $bundle", 65, "no usable model"), ("cat $line $bundle; kill -SEGV $$", 65, "crashed"),
    ("cat $line; kill -KILL $$", 65, "killed"), ("kill -XCPU $$", 65, "processor time"),
    ("while :; do printf '\\033[31m\\r\\n' >&2; done", 65, "standard error"),
    ("echo 'pexkeras: error: model.h5: open' >&2; echo 'hint: --input' >&2; exit 64", 64, "hint: --input"),
    ("echo 'pexkeras: error: model.h5: damaged' >&2; exit 65", 65, "model.h5: damaged"),
    ("echo 'pexkeras: error: model.h5: gone' >&2; exit 66", 66, "model.h5: gone"),
    ("echo 'pexkeras: error: model.h5: Lambda' >&2; exit 69", 69, "model.h5: Lambda"),
    ("echo 'pexkeras: error: model.h5: oh' >&2; exit 70", 70, "model.h5: oh"),
    ("exit 3", 69, "status 3"), ("exec /nowhere/program", 69, "status 127"),
  ])
  func badReaders(_ script: String, _ status: Int, _ words: String) throws {
    let fake = try Fake(script)
    for (program, arguments) in [(Program.pexconvert, ["model.h5", "--list-exits"]), (.pexinfo, ["model.h5"])] {
      let lines = try program.refuses(
        arguments, status: Int32(status), saying: [words, "model.h5"], in: fake.folder, environment: fake.environment)
      #expect(!lines.joined().unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
    }
    #expect(try fake.left.isEmpty)
  }

  @Test func aPreflightReportsUnknownLayers() throws {
    let fake = try Fake(
      """
      case "$*" in *--report*)
        printf '{"format":1,"operatorCounts":[],"producer":"","warnings":[],"unsupported":{"entries":['
        echo '{"domain":"","op":"Lambda","nodes":["a","b"]}],"hint":"replace it"}}';;
      esac
      echo 'pexkeras: error: model.h5: layers not supported: Lambda x 2' >&2; echo 'hint: replace it' >&2; exit 69
      """)
    let arguments = ["model.h5", "--dry-run", "--json"]
    try Program.pexconvert.refuses(
      arguments, status: 69, in: fake.folder, environment: fake.environment, printing: true)
    let outcome = try Program.pexconvert.run(arguments, in: fake.folder, environment: fake.environment)
    let report = try JSONValue(outcome.output)
    #expect(report["supported"].bool == false && report["hint"].string == "replace it" && report["opset"].isNull)
    let entry = try #require(report["unsupported"].items.first)
    #expect(entry["operator"].string == "Lambda" && entry["count"].number == 2)
    #expect(entry["nodes"].items.compactMap(\.string) == ["a", "b"])
  }

  @Test func withoutAReader() throws {
    let fake = try Fake("exit 0")
    try Program.pexconvert.refuses(
      ["model.h5"], status: 69, saying: ["/nowhere/pexkeras", "PEX_KERAS_READER"], in: fake.folder,
      environment: ["PEX_KERAS_READER": "/nowhere/pexkeras"])
    // A program that stands alone.
    let alone = try Folder()
    let program = try alone.install(try Program.pexinfo.path(), as: "pexinfo")
    let outcome = try RunningProgram(program, ["model.h5"], in: fake.folder).finish()
    #expect(outcome.status == 69 && outcome.stderr.contains("/pexkeras"), "\(outcome.stderr)")
  }

  @Test func settingsThatAreNone() throws {
    let fake = try Fake("exit 0")
    for memory in ["x", "0", "-1", "1e9"] {
      try Program.pexconvert.refuses(
        ["model.h5"], status: 64, saying: ["PEX_KERAS_MEMORY"], in: fake.folder,
        environment: ["PEX_KERAS_MEMORY": memory])
    }
    for model in [Digits.model, try Digits.made().base] {
      try Program.pexconvert.refuses(
        [model, "--architecture", "a.json", "--list-exits"], status: 64, saying: ["--architecture"], in: fake.folder)
      try Program.pexinfo.refuses([model, "--architecture", "a.json"], status: 64, in: fake.folder)
    }
  }

  @Test func whatRunsBundlesSaysWhatToDo() throws {
    let fake = try Fake("exit 0")
    for program in [Program.pexrun, .pextrain, .pexeval] {
      let data = program == .pexrun ? [Digits.picture] : ["--data", Digits.personTrain]
      let output = program == .pextrain ? ["-o", "x.pexhead"] : []
      try program.refuses(
        ["model.h5"] + data + output, status: 65, saying: ["expected a bundle", "pexconvert"], in: fake.folder)
    }
  }
}
