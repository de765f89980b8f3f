import Foundation
import Testing

/// Inputs as exporters leave them, through the programs: pictures and arrays get where they belong.
@Suite struct NetworkInputTests {
  private static let toFront: [(String, ONNXNetwork.Attribute)] = [("perm", .integers([0, 3, 1, 2]))]

  /// Channels last, as whole numbers.
  private static func lastChannels(type: Int) -> Data {
    ONNXNetwork.means(["N", 4, 6, 3], type: type) { net in
      if type != 1 { net.add("Cast", ["x"], "f", [("to", .integer(1))]) }
      net.add("Transpose", [type == 1 ? "x" : "f"], "t", toFront)
      return "t"
    }.bytes
  }

  /// What the programs answer with, read back.
  private func outputs(_ name: String, _ folder: Folder, _ out: String) throws -> [Float] {
    let data = try folder.read("\(out)/\(name).npy")
    return Arrays.bits(data, last: 3).map { Float(bitPattern: $0) }
  }

  @Test(arguments: [1, 2, 6, 7]) func picturesAndArraysFitChannelsLast(type: Int) throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.lastChannels(type: type))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--preprocess", "none"], in: folder)
    let input = try Program.pexinfo.report(["m.pex"], in: folder)["inputs"].items[0]
    #expect(input["layout"].string == "nhwc" && input["shape"].items.map(\.number) == [1, 4, 6, 3])
    // A picture of one gray, and its numbers as an array: 6 columns and 4 rows, channels last.
    try folder.write("gray.png", Self.grayPicture)
    try Program.pexrun.succeed(["m.pex", "gray.png", "--save-outputs", "a"], in: folder)
    #expect(try outputs("y", folder, "a") == [51, 51, 51])
    let pixels: [Float] = (0..<24).flatMap { (index: Int) -> [Float] in [Float(index), 100, Float(2 * index)] }
    try folder.write("x.npy", Arrays.npy([1, 4, 6, 3], pixels))
    try Program.pexrun.succeed(["m.pex", "--input", "x=x.npy", "--save-outputs", "b"], in: folder)
    #expect(try outputs("y", folder, "b") == [11.5, 100, 23])
    // A file of one sample, and one of a batch for training and evaluation.
    try Program.pexrun.succeed(["m.pex", "x.npy", "--save-outputs", "c"], in: folder)
    #expect(try outputs("y", folder, "c") == [11.5, 100, 23])
    try folder.write(
      "d.npz", Arrays.npz([("x.npy", Arrays.npy([1, 4, 6, 3], pixels)), ("y.npy", Arrays.npy([1], integers: [1]))]))
    #expect(try Program.pexeval.report(["m.pex", "--data", "d.npz"], in: folder)["policy"]["accuracy"].number == 1)
  }

  /// An 6x4 picture of the level 51.
  static var grayPicture: Data { Data(base64Encoded: gray) ?? Data() }
  private static let gray =
    "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAECAAAAACIbxGfAAAAE0lEQVR4nGM0ZmBgYGBgYsBCAQAF7QA7HjBJqQAAAABJRU5ErkJggg=="

  @Test func theUsersWordDecidesHowInputsLie() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.lastChannels(type: 1))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--layout", "nchw"], in: folder)
    let input = try Program.pexinfo.report(["m.pex"], in: folder)["inputs"].items[0]
    #expect(input["layout"].string == "nchw" && input["shape"].items.map(\.number) == [1, 4, 6, 3])
    try Program.pexconvert.refuses(["m.pex", "-o", "n.pex", "--layout", "nhwc"], status: 64, in: folder)
    try Program.pexconvert.refuses(["m.onnx", "-o", "n.pex", "--layout", "hwc"], status: 64, in: folder)
  }

  /// The means of `x`, with `shift` as a second input that is added.
  private static var shifted: Data {
    var net = ONNXNetwork()
    net.inputs = [("x", 1, ["N", 3, 4, 6]), ("shift", 1, ["N", 1]), ("unused", 9, [])]
    net.add("GlobalAveragePool", ["x"], "pooled")
    net.add("Flatten", ["pooled"], "means")
    net.add("Add", ["means", "shift"], "y")
    return net.bytes
  }

  @Test func picturesFillOneInputAndArraysTheOthers() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.shifted)
    let said = try Program.pexconvert.succeed(["m.onnx", "--exits", "none"], in: folder)
    #expect(said.stderr.contains("input 'unused' is read by nothing and left out"))
    try folder.write("a.png", Self.grayPicture)
    try folder.write("b.png", Self.grayPicture)
    try folder.write("two.npy", Arrays.npy([1, 1], [2]))
    try folder.write("each.npy", Arrays.npy([2, 1], [2, 3]))
    try folder.write("three.npy", Arrays.npy([3, 1], [2, 3, 4]))
    try Program.pexrun.succeed(["m.pex", "a.png", "--input", "shift=two.npy", "--save-outputs", "o"], in: folder)
    #expect(try outputs("y", folder, "o") == [53, 53, 53])
    try Program.pexrun.succeed(
      ["m.pex", "a.png", "b.png", "--input", "shift=each.npy", "--save-outputs", "p"], in: folder)
    #expect(try outputs("y", folder, "p") == [54, 54, 54])
    try Program.pexrun.refuses(
      ["m.pex", "a.png", "b.png", "--input", "shift=three.npy"], status: 64, saying: ["3 samples for 2 files"],
      in: folder)
    try Program.pexrun.refuses(
      ["m.pex", "a.png"], status: 64, saying: ["input 'shift' is not given", "pexconvert --input 'shift=VALUE'"],
      in: folder)
    try folder.write("data/0/a.png", Self.grayPicture)
    try Program.pexeval.refuses(
      ["m.pex", "--data", "data"], status: 64, saying: ["pictures fill 'x' alone", "pexconvert --input 'shift=VALUE'"],
      in: folder)
  }

  @Test func aFixedInputIsNoneAnyMore() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.shifted)
    try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--input", "shift=3"], in: folder)
    try folder.write("a.png", Self.grayPicture)
    try Program.pexrun.succeed(["m.pex", "a.png", "--save-outputs", "o"], in: folder)
    #expect(try outputs("y", folder, "o") == [54, 54, 54])
    try folder.write("half.npy", Arrays.npy([1, 1], [0.5]))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--input", "shift=half.npy", "--force"], in: folder)
    try Program.pexrun.succeed(["m.pex", "a.png", "--save-outputs", "p"], in: folder)
    #expect(try outputs("y", folder, "p") == [51.5, 51.5, 51.5])
  }

  @Test(arguments: ["shift=", "shift=three", "shift=1,2", "nowhere=1", "shift", "shift:1xHEIGHT", "shift=nan"])
  func valuesThatAreNoneAreBadUsage(input: String) throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.shifted)
    try Program.pexconvert.refuses(["m.onnx", "--input", input], status: 64, in: folder)
  }

  /// Every file that can be parsed is described, whatever stands in its way.
  @Test func whatDoesNotConvertIsDescribed() throws {
    let folder = try Folder()
    var net = ONNXNetwork.means(["N", 3, "H", "W"]) { net in
      net.add("Unknown", ["x"], "u")
      return "u"
    }
    net.inputs.append(("ids", 7, ["N"]))
    net.add("Add", ["pooled", "ids"], "z")
    net.outputs = ["y", "z"]
    try folder.write("m.onnx", net.bytes)
    let report = try Program.pexinfo.report(["m.onnx"], in: folder)
    #expect(report["kind"].string == "onnx" && report["convertible"].bool == false)
    #expect(report["inputs"].items.map(\.["name"].string) == ["x", "ids"])
    #expect(report["inputs"].items[0]["shape"].items.map(\.string) == ["N", nil, "H", "W"])
    #expect(report["unsupported"].items.map(\.["operator"].string) == ["Unknown"])
    #expect(report["obstacles"].items.count == 2)
    let text = try Program.pexinfo.succeed(["m.onnx"], in: folder).stdout
    #expect(text.contains("input x: f32[N,3,H,W]") && text.contains("in the way: operators not supported"))
    // What needs the graph needs a graph.
    #expect(try Program.pexinfo.run(["m.onnx", "--nodes"], in: folder).status == 69)
    try folder.write("open.onnx", ONNXNetwork.means(["N", 3, "H", "W"]) { _ in "x" }.bytes)
    let open = try Program.pexinfo.succeed(["open.onnx"], in: folder).stdout
    #expect(open.contains("in the way: input 'x': extent 2 is open ('H')"))
    #expect(open.contains("hint: give what is open as a number: --input x:1x3xHEIGHTxWIDTH, as in x:1x3x224x224"))
    try Program.pexconvert.refuses(
      ["open.onnx"], status: 64, saying: ["--input x:1x3xHEIGHTxWIDTH, as in x:1x3x224x224"], in: folder)
  }
}
