import Foundation
import Testing

/// Networks whose outputs are no number a class, and classifiers whose outputs have other shapes.
@Suite struct OtherOutputTests {
  /// A segmenter, a detector, an autoencoder and a backbone alone, all with places for heads at `a` and `b`.
  private static func network(_ kind: String) -> Data {
    var net = ONNXNetwork.backbone()
    switch kind {
    case "segmenter":
      net.store("w", [5, 16, 1, 1], Arrays.noise(80, seed: 5))
      net.add("Conv", ["b", "w"], "y")
    case "detector":
      net.store("w", [5, 16, 1, 1], Arrays.noise(80, seed: 5))
      net.store("list", [0, 5, 64])
      net.add("Conv", ["b", "w"], "boxes")
      net.add("Reshape", ["boxes", "list"], "rows")
      net.add("Transpose", ["rows"], "y", [("perm", .integers([0, 2, 1]))])
    case "autoencoder":
      net.store("w", [16, 1, 2, 2], Arrays.noise(64, seed: 5))
      net.add("ConvTranspose", ["b", "w"], "y", [("strides", .integers([2, 2]))])
    default: net.outputs = ["b"]
    }
    return net.bytes
  }

  @Test(arguments: ["segmenter", "detector", "autoencoder", "backbone"])
  func personalHeadsStandOnAnyBackbone(kind: String) throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.network(kind))
    let options = ["--preprocess", "unit", "--channels", "gray"]
    let said = try Program.pexconvert.succeed(["m.onnx"] + options, in: folder)
    #expect(said.stderr.contains("is no classifier") || said.stderr.contains("so it is no classifier"))
    #expect(said.complaints.count == 1)
    let points = try Program.pexinfo.report(["m.pex"], in: folder)
    #expect(points["exits"].items.map(\.["exit"].number) == [1, 2])
    #expect(points["exit_points"].items.map(\.["value"].string) == ["a", "b"])
    // Classes of the person's own, given by folders.
    try Program.pextrain.succeed(["m.pex", "--data", Digits.personTrain, "-o", "a.pexhead", "--quiet"], in: folder)
    let measured = try Program.pexeval.report(
      ["m.pex", "--heads", "a.pexhead", "--data", Digits.personTest], in: folder)
    #expect(try #require(measured["policy"]["accuracy"].number) > 0.4)
    let run = try Program.pexrun.report(["m.pex", "--heads", "a.pexhead", Digits.picture], in: folder)
    let known = try FileManager.default.contentsOfDirectory(atPath: Digits.personTrain)
    #expect(known.contains(try #require(run["results"].items[0]["label"].string)))
    // The network's own output stays.
    let final = try Program.pexrun.report(
      ["m.pex", Digits.picture, "--exit", "final", "--save-outputs", "o"], in: folder)
    #expect(final["results"].items[0]["label"].isNull)
    #expect(try folder.read(kind == "backbone" ? "o/b.npy" : "o/y.npy").count > 128)
  }

  @Test func labelsNameTheHeadsClasses() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.network("segmenter"))
    try folder.write("mine.txt", Data("cup\nplate\nfork\n".utf8))
    let report = try Program.pexconvert.report(["m.onnx", "--labels", "mine.txt", "--exits", "a"], in: folder)
    // Averages and maxima of 8 and 16 channels.
    #expect(report["exits"].items.compactMap(\.["head_parameters"].number) == [51.0, 99.0])
    let info = try Program.pexinfo.report(["m.pex"], in: folder)
    #expect(info["labels"].items.map(\.string) == ["cup", "plate", "fork"])
    #expect(info["exits"].items.compactMap(\.["classes"].number) == [3.0, 3.0])
  }

  /// Base heads for classes that nobody named before: the folders name them.
  @Test func baseHeadsTakeTheFoldersClasses() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.network("detector"))
    try Program.pexconvert.succeed(["m.onnx", "--preprocess", "unit", "--channels", "gray"], in: folder)
    try Program.pextrain.succeed(
      ["m.pex", "--base", "--data", Digits.personTrain, "--exits", "2", "-o", "b.pex", "--quiet"], in: folder)
    let info = try Program.pexinfo.report(["b.pex"], in: folder)
    let classes = try FileManager.default.contentsOfDirectory(atPath: Digits.personTrain).sorted()
    #expect(info["labels"].items.map(\.string) == classes)
    #expect(info["exits"].items.map(\.["classes"].number) == [Double(classes.count), Double(classes.count)])
    let run = try Program.pexrun.report(["b.pex", Digits.picture, "--exit", "2"], in: folder)
    #expect(classes.contains(try #require(run["results"].items[0]["label"].string)))
  }

  /// Three channels' means as `[N,3,1,1]`, through a softmax or not.
  private static func row(_ softmax: Bool) -> Data {
    var net = ONNXNetwork()
    net.inputs = [("x", 1, ["N", 3, 4, 4])]
    net.add("GlobalAveragePool", ["x"], softmax ? "l" : "y")
    if softmax { net.add("Softmax", ["l"], "y", [("axis", .integer(1))]) }
    return net.bytes
  }

  @Test(arguments: [true, false]) func aRowOfNumbersAnswers(softmax: Bool) throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.row(softmax))
    try folder.write("l.txt", Data("red\ngreen\nblue".utf8))
    try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--labels", "l.txt"], in: folder)
    let numbers = [Float](repeating: 1, count: 16) + [Float](repeating: 3, count: 16) + [Float](repeating: 2, count: 16)
    try folder.write("x.npy", Arrays.npy([1, 3, 4, 4], numbers))
    let answer = try Program.pexrun.report(["m.pex", "--input", "x=x.npy"], in: folder)["results"].items[0]
    #expect(answer["label"].string == "green")
    // exp(3) / (exp(1) + exp(2) + exp(3))
    #expect(abs(try #require(answer["probability"].number) - 0.665241) < 1e-5)
  }

  /// The mean of a map, through a sigmoid or as it is.
  private static func number(_ sigmoid: Bool) -> Data { means(1, sigmoid) }

  /// The means of maps, through a sigmoid or as they are.
  private static func means(_ channels: Int, _ sigmoid: Bool) -> Data {
    var net = ONNXNetwork()
    net.inputs = [("x", 1, ["N", .fixed(channels), 4, 4])]
    net.add("GlobalAveragePool", ["x"], "pooled")
    net.add("Flatten", ["pooled"], sigmoid ? "z" : "y")
    if sigmoid { net.add("Sigmoid", ["z"], "y") }
    return net.bytes
  }

  /// One number is `p` of the second class: with a sigmoid always, as a logit when two labels say so.
  @Test(arguments: [true, false]) func oneNumberIsTwoClasses(sigmoid: Bool) throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.number(sigmoid))
    try folder.write("l.txt", Data("cat\ndog".utf8))
    let said = try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--labels", "l.txt"], in: folder)
    #expect(said.stderr.contains("taken for two classes: 'dog' with p") && said.stderr.contains("'cat' with 1 - p"))
    for (level, label, probability) in [(2, "dog", 0.880797), (-2, "cat", 0.880797), (-1, "cat", 0.731059)]
      as [(Float, String, Double)]
    {
      try folder.write("x.npy", Arrays.npy([1, 1, 4, 4], [Float](repeating: level, count: 16)))
      let answer = try Program.pexrun.report(["m.pex", "--input", "x=x.npy"], in: folder)["results"].items[0]
      #expect(answer["label"].string == label && abs((answer["probability"].number ?? 0) - probability) < 1e-5)
    }
    // Nobody says that it is one.
    if !sigmoid {
      let alone = try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--force"], in: folder)
      #expect(alone.stderr.contains("one number and no classifier (two --labels"))
      try Program.pexconvert.succeed(["m.onnx", "--exits", "none", "--output-kind", "logits", "--force"], in: folder)
      #expect(try Program.pexinfo.report(["m.pex"], in: folder)["outputs"].items[0]["kind"].string == "logits")
    }
  }

  @Test func manyLabelsAreSaid() throws {
    let folder = try Folder()
    try folder.write("m.onnx", Self.means(3, true))
    let said = try Program.pexconvert.succeed(["m.onnx", "--exits", "none"], in: folder)
    #expect(said.stderr.contains("output 'y' gives 3 probabilities of which many may hold at once (sigmoids)"))
  }

  /// Counts of labels that do not fit lead to what would.
  @Test func hintsAboutLabelsLeadSomewhere() throws {
    let folder = try Folder()
    var net = ONNXNetwork()
    net.inputs = [("x", 1, ["N", 3, 4, 4])]
    net.store("w", [5, 3], Arrays.noise(15, seed: 2))
    net.add("GlobalAveragePool", ["x"], "pooled")
    net.add("Flatten", ["pooled"], "embedding")
    net.add("Gemm", ["embedding", "w"], "y", [("transB", .integer(1))])
    net.outputs = ["embedding", "y"]
    try folder.write("m.onnx", net.bytes)
    #expect(
      try Program.pexinfo.report(["m.onnx"], in: folder)["outputs"].items.map(\.["kind"].string) == [nil, "logits"])
    for (labels, hint) in [
      ("a\nb\nc", "--output 'embedding' makes it answer"),
      ("background\na\nb\nc\nd\ne", "take the line 'background' away"),
      ("a\nb\nc\nd", "it is often 'background'"), ("a\nb", "names the classes of the output that answers"),
    ] {
      try folder.write("l.txt", Data(labels.utf8))
      try Program.pexconvert.refuses(
        ["m.onnx", "--labels", "l.txt", "-o", "n.pex"], status: 64, saying: [hint], in: folder)
    }
    try folder.write("twice.json", Data("[\"crane\", \"b\", \"crane\", \"d\", \"e\"]".utf8))
    let said = try Program.pexconvert.succeed(["m.onnx", "--labels", "twice.json"], in: folder)
    #expect(said.stderr.contains("class 2 is 'crane (2)'"))
  }
}
