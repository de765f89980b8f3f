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
    ("weight_missing.h5", 65, "expected 2 arrays"), ("unknown_layers.h5", 69, "LSTM x 2"),
    ("lambda_keras3.h5", 69, "never executed"), ("custom_object.h5", 69, "mynet.CoordinateConv"),
    ("external_link.h5", 65, "link"), ("external_storage.h5", 69, "other files"), ("filter_plugin.h5", 69, "plugin"),
    ("shape_bomb.h5", 65, "stored"), ("hard_link_cycle.h5", 65, "found a group"),
    ("header_cycle.h5", 65, "libhdf5 says"),
    ("string_bomb.h5", 65, "libhdf5 says"), ("signature_alone.h5", 65, "HDF5"), ("weights_nan.h5", 65, "finite"),
  ])
  func badFiles(_ name: String, _ status: Int, _ words: String) throws {
    let (folder, path) = (try Folder(), KerasFiles.path("bad/" + name))
    for arguments in [["--list-exits"], ["-o", "x.pex"]] {
      try Program.pexconvert.refuses([path] + arguments, status: Int32(status), saying: [path, words], in: folder)
    }
  }

  @Test func aPreflightReportsUnknownLayers() throws {
    let arguments = [KerasFiles.path("bad/unknown_layers.h5"), "--dry-run", "--json"]
    let outcome = try Program.pexconvert.run(arguments)
    #expect(outcome.status == 69)
    let report = try JSONValue(outcome.output)
    #expect(report["supported"].bool == false)
    #expect(
      report["unsupported"].items.compactMap { $0["operator"].string } == ["Embedding", "LSTM", "MultiHeadAttention"])
    #expect(report["unsupported"].items.compactMap { $0["count"].number } == [1, 2, 1])
  }
}
