import Foundation
import Testing

/// Files that people take for models: what they are is told by their first bytes, with what to do.
@Suite struct WrongFileTests {
  private static func zip(_ names: [String]) -> Data { Arrays.npz(names.map { ($0, Data("x".utf8)) }) }

  private static func le(_ value: UInt64) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }

  private static var tar: Data {
    var data = Data(count: 512)
    data.replaceSubrange(257..<262, with: Data("ustar".utf8))
    return data
  }

  private static let files: [(name: String, data: Data, words: [String])] = [
    (
      "lfs.onnx", Data("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n".utf8),
      ["git-lfs", "git lfs pull"]
    ),
    ("page.onnx", Data("<!DOCTYPE html><html><body>404</body></html>".utf8), ["web page", "download the file itself"]),
    ("page2.h5", Data("\n  <html>\n".utf8), ["web page"]),
    (
      "m.tflite", Data([0x1c, 0, 0, 0]) + Data("TFL3".utf8) + Data([0x14, 0, 0x20, 0]), ["TensorFlow Lite", "--tflite"]
    ),
    ("m.ort", Data([0x1c, 0, 0, 0]) + Data("ORTM".utf8) + Data([0x14, 0]), ["onnxruntime's own form"]),
    ("m.safetensors", le(16) + Data("{\"a\":{\"x\":1}}   ".utf8), ["safetensors", "torch.onnx.export"]),
    ("m.pt", zip(["m/data.pkl", "m/version"]), ["as torch saves them", "torch.onnx.export"]),
    ("script.pt", zip(["m/data.pkl", "m/code/__torch__.py", "m/constants.pkl"]), ["TorchScript"]),
    ("m.pt2", zip(["archive_format", "models/model.json"]), ["torch.export", "dynamo=True"]),
    ("old.pth", Data([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc]), ["as torch saves them"]),
    ("other.zip", zip(["readme.txt"]), ["is a zip file, but no Keras model"]),
    ("packed.zip", zip(["m/model.onnx"]), ["'m/model.onnx'", "unpack it"]),
    ("x.npz", zip(["x.npy", "y.npy"]), ["holds arrays"]),
    ("m.onnx.gz", Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), ["packed by gzip", "gunzip"]),
    ("m.tar", tar, ["tar archive"]),
    ("arch.json", Data("{\"class_name\":\"Sequential\"}".utf8), ["architecture of a Keras model", "--architecture"]),
    ("js.json", Data("{\"format\": \"layers-model\"}".utf8), ["TensorFlow.js"]),
    ("m.xml", Data("<?xml version=\"1.0\"?>\n<net name=\"a\" version=\"11\">".utf8), ["OpenVINO"]),
    ("error.xml", Data("<?xml version=\"1.0\"?><Error/>".utf8), ["is XML"]),
    ("m.mlmodel", Data([0x08, 0x04, 0x12, 0x00, 0xa2, 0x1f, 0x00]), ["Core ML"]),
    (
      "frozen.pb", Data([0x0a, 0x10, 0x0a, 0x01, 0x78, 0x12, 0x0b]) + Data("Placeholder".utf8),
      ["frozen TensorFlow graph", "--graphdef"]
    ),
    ("empty.onnx", Data(), ["is empty"]),
    ("picture.onnx", Data([0x89]) + Data("PNG\r\n\u{1a}\n".utf8), ["is a picture"]),
  ]

  @Test(arguments: 0..<23) func theFileIsNamedWithWhatToDo(index: Int) throws {
    let (name, data, words) = Self.files[index]
    let folder = try Folder()
    try folder.write(name, data)
    for program in [Program.pexconvert, .pexinfo] {
      let lines = try program.refuses([name], status: 65, saying: [name] + words, in: folder)
      #expect(lines.count == 2)
    }
  }

  @Test func allAreTried() { #expect(Self.files.count == 23) }

  @Test(arguments: [
    (["saved_model.pb", "variables/variables.index"], "TensorFlow SavedModel"),
    (["Manifest.json", "Data/x"], "Core ML package"),
    (["config.json", "model.weights.h5"], "unpacked Keras model"), (["a.onnx"], "name the model in it, as a.onnx"),
    (["readme"], "is a folder, expected a file"),
  ])
  func foldersAreNamedToo(names: [String], expected: String) throws {
    let folder = try Folder()
    for name in names { try folder.write("dir/\(name)", Data("x".utf8)) }
    for program in [Program.pexconvert, .pexinfo] {
      try program.refuses(["dir"], status: 66, saying: [expected], in: folder)
    }
  }
}
