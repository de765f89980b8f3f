import Foundation
import Testing

/// Networks that look at no pictures learn and are measured from arrays.
@Suite struct SequenceDataTests {
  /// Two channels over sixteen steps.
  private static func network(batch: ONNXNetwork.Extent, mixes: Bool = false) -> Data {
    var net = ONNXNetwork()
    net.inputs = [("x", 1, [batch, 2, 16])]
    net.store("w", [8, 2, 3], Arrays.noise(48, seed: 1))
    net.store("fc", [3, 8], Arrays.noise(24, seed: 2))
    if mixes { net.add("Softmax", ["x"], "s", [("axis", .integer(0))]) }
    net.add("Conv", [mixes ? "s" : "x", "w"], "c")
    net.add("Relu", ["c"], "r")
    net.add("GlobalAveragePool", ["r"], "g")
    net.add("Flatten", ["g"], "f")
    net.add("Gemm", ["f", "fc"], "y", [("transB", .integer(1))])
    return net.bytes
  }

  /// Sequences of three classes: rising, falling and swinging.
  private static func samples(_ count: Int, seed: UInt64) -> Data {
    let noise = Arrays.noise(count * 32, seed: seed)
    let x = (0..<count * 32).map { place -> Float in
      let (sample, step) = (place / 32, place % 16)
      let shape: Float = [Float(step) / 8, 2 - Float(step) / 8, step % 2 == 0 ? 2 : 0][sample % 3]
      return shape + 0.3 * noise[place]
    }
    let y = (0..<count).map { Int64($0 % 3) }
    return Arrays.npz([("x.npy", Arrays.npy([count, 2, 16], x)), ("y.npy", Arrays.npy([count], integers: y))])
  }

  @Test func arraysOfAnyShapeTrainHeads() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.network(batch: "N"))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "1"], in: folder)
    try folder.write("mine.npz", Self.samples(150, seed: 3))
    try folder.write("test.npz", Self.samples(150, seed: 4))
    try Program.pextrain.succeed(["m.pex", "--data", "mine.npz", "-o", "mine.pexhead"], in: folder)
    let report = try Program.pexeval.report(
      ["m.pex", "--data", "test.npz", "--heads", "mine.pexhead", "--exit", "1"], in: folder)
    #expect(report["images"].number == 150)
    let exit = report["exits"].items.first { $0["exit"].number == 1 }
    #expect((exit?["accuracy"].number ?? 0) > 0.9)
    // A folder a class of single arrays; pictures are none.
    try folder.write("own/up/a.npy", Arrays.npy([2, 16], Array(repeating: 1, count: 32)))
    try folder.write("own/up/b.npy", Arrays.npy([1, 2, 16], Array(repeating: 2, count: 32)))
    try folder.write("own/down/a.npy", Arrays.npy([2, 16], Array(repeating: -1, count: 32)))
    #expect(try Program.pexeval.report(["m.pex", "--data", "own"], in: folder)["images"].number == 3)
    try folder.write("own/down/b.png", NetworkInputTests.grayPicture)
    let outcome = try Program.pexeval.run(["m.pex", "--data", "own"], in: folder)
    #expect(outcome.status == 65 && outcome.stderr.contains("the model takes arrays of shape [2,16] (.npy)"))
    #expect(!outcome.stderr.contains("0…255"))
  }

  @Test func arraysOfAnotherShapeAndFixedBatchesAreRefused() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.network(batch: "N"))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "1"], in: folder)
    let x = Arrays.noise(60, seed: 1)
    try folder.write(
      "short.npz",
      Arrays.npz([("x.npy", Arrays.npy([2, 2, 15], x)), ("y.npy", Arrays.npy([2], integers: [0, 1]))]))
    var outcome = try Program.pextrain.run(["m.pex", "--data", "short.npz", "-o", "a.pexhead"], in: folder)
    #expect(outcome.status == 65 && outcome.stderr.contains("expected shape [N,2,16]"))
    try folder.write("two.onnx", Self.network(batch: 2, mixes: true))
    try Program.pexconvert.succeed(["two.onnx", "--exits", "none"], in: folder)
    outcome = try Program.pexeval.run(["two.pex", "--data", "short.npz"], in: folder)
    #expect(outcome.status == 64 && outcome.stderr.contains("samples go in one at a time"))
  }
}
