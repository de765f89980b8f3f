import Foundation
import Testing

/// ONNX files that are ill-formed inside: what is wrong is named, with the node or tensor.
@Suite struct BadONNXTests {
  private typealias Message = ONNXModel.Message

  private static func refuse(_ model: Data, status: Int32, saying words: [String]) throws {
    let folder = try Folder()
    try folder.write("bad.onnx", model)
    for (program, arguments) in [
      (Program.pexconvert, ["bad.onnx"]), (.pexconvert, ["bad.onnx", "--list-exits"]),
      (.pexinfo, status == 69 ? ["bad.onnx", "--nodes"] : ["bad.onnx"]),
    ] {
      try program.refuses(arguments, status: status, saying: ["bad.onnx"] + words, in: folder)
    }
    guard status == 69 else { return }
    // What is sound and not supported is described.
    let described = try Program.pexinfo.succeed(["bad.onnx"], in: folder).stdout
    for word in words { #expect(described.contains(word)) }
  }

  /// A model of one node `bad` from `x` to `y`, and the stored tensors.
  private static func model(
    _ op: String, _ inputs: [String] = ["x"], tensors: [Data] = [], _ extra: (inout Message) -> Void = { _ in }
  ) -> Data {
    ONNXModel.model { graph in
      graph.data(1, ONNXModel.node(op, inputs, ["y"], name: "bad", extra))
      for tensor in tensors { graph.data(5, tensor) }
    }
  }

  /// A stored tensor `w` with so many bytes of numbers.
  private static func weight(_ extents: [Int], bytes: Int) -> Data {
    ONNXModel.tensor("w", extents) { $0.data(9, Data(count: bytes)) }
  }

  @Test func cycles() throws {
    let cyclic = ONNXModel.model { graph in
      graph.data(1, ONNXModel.node("Add", ["x", "b"], ["a"], name: "first"))
      graph.data(1, ONNXModel.node("Relu", ["a"], ["b"], name: "second"))
      graph.data(1, ONNXModel.node("Relu", ["b"], ["y"], name: "third"))
    }
    try Self.refuse(cyclic, status: 65, saying: ["node 'first' (Add) depends on its own output"])
  }

  @Test func missingInputs() throws {
    try Self.refuse(
      Self.model("Relu", ["nowhere"]), status: 65, saying: ["node 'bad' (Relu)", "'nowhere' is computed by no node"])
    try Self.refuse(Self.model("Conv"), status: 65, saying: ["node 'bad' (Conv)", "input 1"])
  }

  @Test func wrongRanks() throws {
    try Self.refuse(
      Self.model("Conv", ["x", "w"], tensors: [Self.weight([4, 4], bytes: 64)]), status: 65,
      saying: ["node 'bad' (Conv)"])
    try Self.refuse(
      Self.model("Gemm", ["x", "w"], tensors: [Self.weight([4, 4], bytes: 64)]), status: 65,
      saying: ["node 'bad' (Gemm)"])
  }

  @Test(arguments: [[-1], [1 << 62, 1 << 62], [1 << 40], [0, 1 << 40, 1 << 40], [Int.min]])
  func impossibleExtents(extents: [Int]) throws {
    try Self.refuse(
      Self.model("Add", ["x", "w"], tensors: [Self.weight(extents, bytes: 4)]), status: 65, saying: ["tensor 'w'"])
  }

  @Test func tensorsShorterThanTheirShape() throws {
    try Self.refuse(
      Self.model("Add", ["x", "w"], tensors: [Self.weight([4], bytes: 12)]), status: 65,
      saying: ["node 'bad' (Add)", "tensor 'w'", "takes 16 bytes, found 12"])
  }

  @Test func attributesOfTheWrongType() throws {
    let model = Self.model("Concat", ["x"]) { node in
      node.message(5) {
        $0.string(1, "axis")
        $0.string(4, "one")
        $0.integer(20, 3)
      }
    }
    try Self.refuse(
      model, status: 65,
      saying: ["node 'bad' (Concat)", "attribute 'axis': expected an integer, found the string 'one'"])
  }

  @Test func tenThousandNestedMessages() throws {
    // From the inside out: a graph in an attribute (field 6) in a node (5) in a graph (1).
    var nested = Data()
    for depth in 0..<10_000 {
      var outer = Message()
      outer.data([6, 5, 1][depth % 3], nested)
      nested = outer.bytes
    }
    let model = ONNXModel.model { graph in graph.message(1) { $0.data(5, nested) } }
    try Self.refuse(model, status: 65, saying: ["nested more than"])
  }

  @Test(arguments: ["/etc/passwd", "../secret", "link"]) func externalFilesThatEscape(location: String) throws {
    let folder = try Folder()
    try FileManager.default.createSymbolicLink(atPath: folder["link"], withDestinationPath: "/etc/passwd")
    let outside = ONNXModel.tensor("w", [1]) { tensor in
      tensor.message(13) {
        $0.string(1, "location")
        $0.string(2, location)
      }
      tensor.integer(14, 1)
    }
    try folder.write("bad.onnx", Self.model("Add", ["x", "w"], tensors: [outside]))
    try Program.pexconvert.refuses(
      ["bad.onnx"], status: 65,
      saying: ["node 'bad' (Add): tensor 'w': external file '\(location)'", "model's folder"],
      in: folder)
  }

  @Test func functionsThatCallThemselves() throws {
    let define = { (model: inout Message) in
      model.message(25) { function in
        function.string(1, "F")
        function.string(4, "a")
        function.string(5, "b")
        function.data(7, ONNXModel.node("F", ["a"], ["b"], name: "again", domain: "mine"))
        function.string(10, "mine")
      }
    }
    let model = ONNXModel.model(extra: define) {
      $0.data(1, ONNXModel.node("F", ["x"], ["y"], name: "bad", domain: "mine"))
    }
    try Self.refuse(model, status: 65, saying: ["node 'bad' (mine.F)", "calls itself"])
  }

  @Test func controlFlow() throws {
    let branch = Self.model("If", ["x"]) { node in
      for name in ["then_branch", "else_branch"] {
        node.message(5) { attribute in
          attribute.string(1, name)
          attribute.message(6) { graph in
            graph.data(1, ONNXModel.node("Relu", ["x"], ["r"], name: "inside"))
            graph.message(12) { $0.string(1, "r") }
          }
          attribute.integer(20, 5)
        }
      }
    }
    try Self.refuse(branch, status: 69, saying: ["node 'bad' (If)", "hint: "])
    for op in ["Loop", "Scan"] { try Self.refuse(Self.model(op), status: 69, saying: ["\(op) x 1 (bad)", "hint: "]) }
  }
}
