import Foundation
import Testing

/// Real Keras files through the programs, sound and bad ones.
@Suite struct KerasFileTests {
  @Test(arguments: [
    "keras1/sequential_tf.h5", "keras2/sequential.h5", "keras2/residual_network.h5", "keras3/nested_several.h5",
    "keras3/shared_model.h5", "keras2-archive/sequential.keras", "keras3-archive/residual_network.keras",
  ])
  func soundFiles(_ name: String) throws {
    let (folder, path) = (try Folder(), KerasFiles.path(name))
    try Program.pexconvert.succeed([path, "--exits", "none", "--verify=2", "-o", "x.pex"], in: folder)
    try Program.pexinfo.succeed(["x.pex", "--check"], in: folder)
    let info = try Program.pexinfo.report([path])
    #expect(info["kind"].string == "keras" && info["producer"].string?.hasPrefix("Keras ") == true)
    // The same file gives the same bytes.
    let first = try folder.read("x.pex")
    try Program.pexconvert.succeed([path, "--exits", "none", "--force", "-o", "x.pex"], in: folder)
    #expect(try folder.read("x.pex") == first)
  }

  @Test func theSampleGetsExits() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([KerasFiles.sample, "--exits", "25%,50%", "--verify", "-o", "x.pex"], in: folder)
    let exits = try Program.pexinfo.report(["x.pex"], in: folder)["exits"].items
    // The last exit point always gets a place.
    #expect(exits.count == 3)
    try Program.pexconvert.succeed(
      [KerasFiles.sample, "--emit", "onnx", "--exits", "none", "-o", "x.onnx"], in: folder)
    try Program.pexconvert.succeed(["x.onnx", "--dry-run"], in: folder)
  }

  /// Pictures that the network is not sure of, with what Keras answers to them.
  @Test func theSampleAnswersAsKerasDoes() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [KerasFiles.sample, "--exits", "none", "--preprocess", "none", "--channels", "gray", "-o", "x.pex"], in: folder)
    let samples = Digits.root + "/SampleModels/"
    let data = try #require(FileManager.default.contents(atPath: samples + "keras-digits/expected.json"))
    let expected = try JSONDecoder().decode([String: [Double]].self, from: data)
    #expect(expected.count == 5)
    for (picture, probabilities) in expected {
      let arguments = ["x.pex", samples + picture, "--exit", "final", "--top", "10"]
      let top = try Program.pexrun.report(arguments, in: folder)["results"][0]["top"].items
      let found = try top.map { (Int(try #require($0["class"].number)), try #require($0["probability"].number)) }
      #expect(found.count == 10)
      for (number, probability) in found { #expect(abs(probability - probabilities[number]) < 1e-4, "\(picture)") }
    }
  }

  @Test func weightsWithTheirArchitecture() throws {
    let (folder, weights) = (try Folder(), KerasFiles.path("weights-only/keras3.weights.h5"))
    try Program.pexconvert.refuses(
      [weights, "--list-exits"], status: 65, saying: [weights, "--architecture"], in: folder)
    let architecture = ["--architecture", KerasFiles.path("weights-only/architecture.keras3.json")]
    try Program.pexconvert.succeed([weights, "--exits", "none", "-o", "x.pex"] + architecture, in: folder)
    #expect(try Program.pexinfo.report([weights] + architecture)["kind"].string == "keras")
    try Program.pexconvert.refuses(
      [weights, "--list-exits", "--architecture", "none.json"], status: 66, saying: ["none.json"], in: folder)
  }

  @Test func shapesThatAreOpen() throws {
    let (folder, path) = (try Folder(), KerasFiles.path("keras3/open_size.h5"))
    try Program.pexconvert.refuses([path, "--list-exits"], status: 64, saying: ["--input"], in: folder)
    try Program.pexconvert.succeed([path, "--input", "image:1x8x8x3", "--exits", "none", "-o", "x.pex"], in: folder)
  }

  @Test(arguments: [
    ("not_hdf5.h5", 65, "Keras"), ("empty.h5", 65, "empty"), ("no_model.h5", 65, "no Keras model"),
    ("truncated.h5", 65, "truncated"), ("config_not_json.h5", 65, "JSON"), ("archive_truncated.keras", 65, "zip"),
    ("archive_bomb.keras", 65, "config.json"), ("weight_shape.h5", 65, "[3, 3, 1, 3]"),
    ("weight_missing.h5", 65, "expected 2 arrays"), ("unknown_layers.h5", 69, "ConvLSTM1D x 2"),
    ("lambda_keras3.h5", 69, "never executed"), ("custom_object.h5", 69, "mynet.CoordinateConv"),
    ("external_link.h5", 65, "link"), ("external_storage.h5", 69, "other files"), ("filter_plugin.h5", 69, "plugin"),
    ("shape_bomb.h5", 65, "stored"), ("hard_link_cycle.h5", 65, "found a group"),
    ("header_cycle.h5", 65, "libhdf5 says"),
    ("string_bomb.h5", 65, "libhdf5 says"), ("signature_alone.h5", 65, "HDF5"), ("weights_nan.h5", 65, "finite"),
    ("string_overrun.h5", 65, "string_overrun.h5"), ("models_doubling.h5", 65, "65536"),
  ])
  func badFiles(_ name: String, _ status: Int, _ words: String) throws {
    let (folder, path) = (try Folder(), KerasFiles.path("bad/" + name))
    for arguments in [["--list-exits"], ["-o", "x.pex"]] {
      try Program.pexconvert.refuses([path] + arguments, status: Int32(status), saying: [path, words], in: folder)
    }
  }

  /// Every bad file there is, one fault each: one line, a status that says what to do, nothing left behind.
  @Test func noBadFileGetsThrough() throws {
    // What HDF5 itself makes up for.
    let harmless: Set = ["chunk_grows.h5", "string_beyond.h5"]
    let names = try FileManager.default.contentsOfDirectory(atPath: KerasFiles.path("bad"))
      .filter { $0.hasSuffix(".h5") || $0.hasSuffix(".keras") }
    #expect(names.count > 120)
    for name in names where !harmless.contains(name) {
      let folder = try Folder()
      let outcome = try Program.pexconvert.run([KerasFiles.path("bad/\(name)"), "-o", "x.pex"], in: folder)
      // Shapes that are open are the user's to give.
      let asks = name == "input_open_channels.h5" || name == "input_without_shape.h5"
      #expect(asks ? outcome.status == 64 : [65, 69].contains(outcome.status), "\(name): \(outcome.stderr)")
      #expect(outcome.complaints.first?.hasPrefix("pexconvert: error: ") == true, "\(name): \(outcome.stderr)")
      #expect((1...2).contains(outcome.complaints.count), "\(name): \(outcome.stderr)")
      #expect(try folder.snapshot().isEmpty, "\(name) leaves something behind")
    }
  }

  /// A user's array goes in as Keras takes it, and what does not fit is told in that order of axes.
  @Test func arraysKeepKerasOrder() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [KerasFiles.path("keras3/residual_network.h5"), "--exits", "none", "-o", "x.pex"], in: folder)
    let input = try #require(Program.pexinfo.report(["x.pex"], in: folder)["inputs"].items.first)
    let shape = input["shape"].items.compactMap(\.number)
    #expect(input["layout"].string == "nhwc" && shape.last == 3)
    let name = try #require(input["name"].string)
    try Program.pexrun.succeed(
      ["x.pex", "--input", "\(name)=\(KerasFiles.path("keras3/residual_network.in0.npy"))"], in: folder)
    try Program.pexrun.refuses(
      ["x.pex", "--input", "\(name)=\(KerasFiles.path("keras3/dense.in0.npy"))"], status: 65, saying: [",3]"],
      in: folder)
  }

  @Test func aPreflightReportsUnknownLayers() throws {
    let arguments = [KerasFiles.path("bad/unknown_layers.h5"), "--dry-run", "--json"]
    let outcome = try Program.pexconvert.run(arguments)
    #expect(outcome.status == 69)
    let report = try JSONValue(outcome.output)
    #expect(report["supported"].bool == false)
    #expect(
      report["unsupported"].items.compactMap { $0["operator"].string } == [
        "ConvLSTM1D", "Embedding", "MultiHeadAttention",
      ])
    #expect(report["unsupported"].items.compactMap { $0["count"].number } == [2, 1, 1])
  }

  /// What does not convert is described all the same.
  @Test func filesThatDoNotConvertAreDescribed() throws {
    let folder = try Folder()
    let fixtures = Digits.root + "/Tests/PexKerasTests/Fixtures/"
    let open = try Program.pexinfo.report([fixtures + "keras3/open_size.h5"], in: folder)
    #expect(open["convertible"].bool == false && open["inputs"].items.first?["name"].string == "image")
    #expect(open["obstacles"].items.first?["hint"].string?.contains("--input image:1x") == true)
    let unknown = try Program.pexinfo.report([fixtures + "bad/unknown_layers.h5"], in: folder)
    #expect(unknown["producer"].string?.hasPrefix("Keras ") == true)
    #expect(unknown["operators"].items.contains { $0["supported"].bool == false })
    #expect(unknown["inputs"].items.count == 1)
  }
}
