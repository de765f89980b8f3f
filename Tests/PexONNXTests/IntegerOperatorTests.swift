import PexGraph
import PexReference
import PexTensor
import PexTestSupport
import Testing

@Suite struct IntegerOperatorTests {
  @Test func productsAreThoseOfIntegers() throws {
    let numbers = try RuntimeNumbers("quantized")
    // Both are one sample, whose range is its own: nothing is to be said.
    #expect(numbers.model.warnings.isEmpty)
    let errors = try numbers.errors()
    #expect(errors.count == 42)
    for (name, error) in errors { #expect(error == 0, "\(name)") }
  }

  private static func u8(_ dims: [Int], _ value: UInt8 = 3) -> TestModel.Stored {
    TestModel.Stored(type: 2, dims: dims, raw: Array(repeating: value, count: dims.reduce(1, *)))
  }

  private func dynamic(x: [TestModel.Extent]) -> TestModel {
    var model = TestModel(x: x)
    model.add("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])
    model.outputs = ["y", "scale", "zero"]
    return model
  }

  /// The range of every sample is its own where the file leaves the batch open, which is said.
  @Test func rangesOfAnOpenBatchAreThoseOfEachSample() throws {
    let model = try dynamic(x: ["N", 2]).load()
    #expect(model.graph.outputs.map { model.graph[$0].type.dimensions } == [[.batch, 2], [.batch, 1], [.batch, 1]])
    #expect(model.warnings.count == 1)
    #expect(model.warnings.first?.hasPrefix("DynamicQuantizeLinear takes the range of each sample") == true)
    let results = try Reference.run(model.graph, inputs: [Tensor([2, 2], [0, 1, -1.5, 253.5] as [Float])])
    // Halves go to the even number: a zero point of 1.5 to 2, -1.5 to -2, 253.5 to 254.
    #expect(results[0].floats == [0, 255, 0, 255])
    #expect(results[1].floats == [1.0 / 255, 1])
    #expect(results[2].floats == [0, 2])
  }

  /// A file with several samples has one range for all of them.
  @Test func theRangeOfAFixedBatchIsThatOfAll() throws {
    let model = try dynamic(x: [2, 2]).load()
    #expect(model.graph.outputs.map { model.graph[$0].type.dimensions } == [[2, 2], [], []])
    let results = try Reference.run(model.graph, inputs: [Tensor([2, 2], [0, 1, -1.5, 253.5] as [Float])])
    #expect(results[0].floats == [2, 3, 0, 255])
  }

  /// What f32 cannot count is taken apart: 600 products of up to 255 * 252, and of that many again in the other digit.
  @Test func longSumsAreTakenApart() throws {
    let model = TestModel("MatMulInteger", x: ["N", 600], [], [("w", Self.u8([600, 1], 255))])
    let graph = try model.load().graph
    #expect(graph.nodes.map(\.operation.mnemonic) == ["matrix_product", "binary", "matrix_product", "binary"])
    let most = try Reference.run(graph, inputs: [Tensor(repeating: 255, [1, 600])])
    #expect(most[0].floats == [Float(255 * 255 * 600)])
    var odd = [Float](repeating: 255, count: 600)
    odd[7] = 254
    #expect(try Reference.run(graph, inputs: [Tensor([1, 600], odd)])[0].floats == [Float(255 * 255 * 600 - 255)])
  }

  @Test func shortSumsAreOneProduct() throws {
    let graph = try TestModel("MatMulInteger", x: ["N", 250], [], [("w", Self.u8([250, 1], 255))]).load().graph
    #expect(graph.nodes.map(\.operation.mnemonic) == ["matrix_product"])
  }

  private static let weights = ("w", u8([2, 3, 3, 3]))

  /// A quantised convolution, scales and zero points as given.
  private static func convolution(
    left: TestModel.Stored = .scalar(1), right: TestModel.Stored = .scalar(1), zero: TestModel.Stored? = nil,
    bias: TestModel.Stored? = nil
  ) -> [(String, TestModel.Stored)] {
    [
      ("xs", left), ("xz", u8([])), weights, ("ws", right), ("wz", u8([])), ("ys", .scalar(1)), ("yz", zero ?? u8([])),
    ] + (bias.map { [("b", $0)] } ?? [])
  }

  @Test(arguments: [
    ("ConvInteger", [("w", u8([2, 3]))], "input 1 (w)"),
    ("ConvInteger", [("w", u8([2, 2, 3, 3]))], "convolution: weight"),
    ("ConvInteger", [weights, ("xz", u8([])), ("wz", u8([3]))], "input 3 (w_zero_point)"),
    ("ConvInteger", [weights, ("xz", u8([2]))], "input 2 (zero point)"),
    ("MatMulInteger", [("w", u8([9, 4]))], "matrix product"),
    ("MatMulInteger", [("w", u8([8, 4])), ("az", u8([])), ("bz", u8([3]))], "input 3 (b_zero_point)"),
    ("QLinearMatMul", [("xs", .scalar(1)), ("xz", u8([]))], "input 3 (a factor) is missing"),
    ("QLinearConv", convolution(right: .weights([3])), "input 4 (scale): expected 1 or 2 numbers, found 3"),
    ("QLinearConv", convolution(bias: .integers([1, 2, 3])), "input 8 (B): expected 2 numbers, found 3"),
    ("QLinearConv", convolution(left: .weights([2])), "input 1 (left scale): expected one number, found 2"),
    ("QLinearConv", convolution(zero: .scalar(1)), "input 7 (zero_point): quantisation to float is not supported"),
  ])
  func whatDoesNotFitNamesTheNode(op: String, stored: [(String, TestModel.Stored)], message: String) throws {
    var model = TestModel(op, [], stored)
    model.nodes[0].name = "quantised"
    let error = model.error()
    #expect(error?.message.contains("node 'quantised' (\(op)): ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  /// Operators of onnxruntime itself stay refused, with what to do instead.
  @Test(arguments: [
    ("QLinearAdd", "quantise the model with quant_format=QuantFormat.QDQ"),
    ("DynamicQuantizeLSTM", "quantise the model with op_types_to_quantize"),
    ("FusedConv", "export the model again without optimisation"),
  ])
  func ownOperatorsOfOnnxruntimeSayWhatToDo(op: String, hint: String) {
    var model = TestModel()
    model.add(op, ["x"], ["y"], domain: "com.microsoft")
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.hint?.hasPrefix(hint) == true)
  }

  /// onnxruntime's own quantisation to 16 bits is the standard's.
  @Test(arguments: [(4, 0, 65535), (5, -32768, 32767)]) func sixteenBits(type: Int, least: Int, most: Int) throws {
    let zero = TestModel.Stored(type: type, dims: [], raw: [7, 0])
    var model = TestModel(opset: 13, x: ["N", 3])
    model.stored = [("s", .scalar(0.5)), ("z", zero)]
    model.add("QuantizeLinear", ["x", "s", "z"], ["q"], domain: "com.microsoft")
    model.add("DequantizeLinear", ["q", "s", "z"], ["y"], domain: "com.microsoft")
    let graph = try model.load().graph
    let x = try Tensor([1, 3], [-1e6, 0.75, 1e6] as [Float])
    // 1.5 becomes 2, the even one.
    #expect(try Reference.run(graph, inputs: [x])[0].floats == [Float(least - 7) / 2, 1, Float(most - 7) / 2])
  }
}
