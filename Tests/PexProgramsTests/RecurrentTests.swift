import Foundation
import Testing

/// A network of convolutions and an LSTM, whose batch is an inner axis in the source, from program to program.
@Suite struct RecurrentTests {
  private static let fixtures = Digits.root + "/Tests/PexONNXTests/Fixtures/"
  private static let model = fixtures + "crnn.onnx"

  private func outputs(_ bundle: String, _ arguments: [String], in folder: Folder) throws -> [String: [Float]] {
    try Program.pexrun.succeed(
      [bundle, Self.fixtures + "crnn.x.npy", "--save-outputs", "out", "--force"] + arguments, in: folder)
    var found: [String: [Float]] = [:]
    for entry in try JSONValue(try folder.read("out/outputs.json"))["outputs"].items {
      let count = entry["shape"].items.compactMap(\.number).reduce(1, *)
      let bits = Arrays.bits(try folder.read("out/" + (entry["file"].string ?? "")), last: Int(count))
      found[entry["name"].string ?? ""] = bits.map(Float.init(bitPattern:))
    }
    return found
  }

  private func expected() throws -> [Float] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "crnn.y.npy"))
    return Arrays.bits(data, last: 15).map(Float.init(bitPattern:))
  }

  private func error(_ a: [Float]?, _ b: [Float]) -> Float {
    guard let a, a.count == b.count else { return .infinity }
    return (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / (b.map(abs).max() ?? 1)
  }

  @Test func threePicturesAtATimeAnswerAsInOnnxruntime() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([Self.model, "--exits", "1,2,3", "--verify", "-o", "crnn.pex"], in: folder)
    let found = try outputs("crnn.pex", ["--exit", "all"], in: folder)
    #expect(error(found["y"], try expected()) < 1e-5)
    #expect(found.keys.sorted() == ["exit1", "exit2", "exit3", "y"])
    let info = try Program.pexinfo.report(["crnn.pex"], in: folder)
    #expect(info["inputs"].items.first?["batch"].bool == true)
    // Readers that do not know the operation have to refuse the file.
    #expect(try folder.read("crnn.pex").dropFirst(12).first == 8)
  }

  /// What is written is read by pex again; other runtimes read it in `Tests/Interop`.
  @Test func itIsWrittenAsONNX() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed([Self.model, "--exits", "none", "-o", "crnn.pex"], in: folder)
    try Program.pexconvert.succeed(["crnn.pex", "--emit", "onnx", "-o", "written.onnx"], in: folder)
    try Program.pexconvert.succeed(["written.onnx", "--exits", "none", "-o", "again.pex"], in: folder)
    #expect(error(try outputs("again.pex", ["--exit", "final"], in: folder)["y"], try expected()) < 1e-5)
  }

  /// The last states, [1, N, H] in the source: several samples at a time come back as the source has them.
  @Test func anOutputHasItsBatchWhereTheSourceHasIt() throws {
    let folder = try Folder()
    let model = Self.fixtures + "states.onnx"
    try Program.pexconvert.succeed([model, "--exits", "none", "-o", "states.pex"], in: folder)
    let x = try folder.write("x.npy", Arrays.npy([2, 3, 2], Arrays.noise(12, seed: 1)))
    try Program.pexrun.succeed(["states.pex", "--input", "x=\(x)", "--save-outputs", "out"], in: folder)
    let outputs = try JSONValue(try folder.read("out/outputs.json"))["outputs"].items
    #expect(outputs.map { $0["shape"].items.compactMap(\.number) } == [[1, 2, 4], [3, 1, 2, 4]])
    // Written as ONNX it has the batch there too.
    try Program.pexconvert.succeed(["states.pex", "--emit", "onnx", "-o", "written.onnx"], in: folder)
    try Program.pexconvert.succeed(["written.onnx", "--exits", "none", "-o", "again.pex"], in: folder)
    try Program.pexrun.succeed(["again.pex", "--input", "x=\(x)", "--save-outputs", "again"], in: folder)
    let files = outputs.compactMap { $0["file"].string }
    #expect(files.count == 2)
    for file in files { #expect(try folder.read("out/" + file) == folder.read("again/" + file)) }
  }

  @Test func recurrentAndQuantisedOperatorsAreListed() throws {
    let list = try Program.pexinfo.report(["--ops"])
    let names = list["operators"].items.compactMap { $0["operator"].string }
    #expect(Set(names).isSuperset(of: ["LSTM", "GRU", "RNN", "QLinearConv", "DynamicQuantizeLinear"]))
  }
}
