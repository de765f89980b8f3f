import PexGraph
import Testing

/// Activations, arithmetic, normalisation and softmax.
@Suite struct ElementOperatorTests {
  @Test(arguments: [
    ("Relu", "relu"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("Exp", "exponential"), ("Log", "logarithm"),
    ("Sqrt", "square_root"), ("Abs", "absolute"), ("Neg", "negative"), ("HardSwish", "relu_or_hard_swish"),
  ])
  func plainFunctions(op: String, word: String) throws {
    let kind = op == "HardSwish" ? "hard_swish" : word
    #expect(try TestModel(op).text() == ["y f32[N,3,8,8] = unary(x) kind=\(kind)"])
  }

  @Test func functionsWithSettings() throws {
    #expect(try TestModel("Elu").text() == ["y f32[N,3,8,8] = unary(x) kind=elu alpha=1.0"])
    #expect(
      try TestModel("LeakyRelu", [("alpha", .float(0.25))]).text() == [
        "y f32[N,3,8,8] = unary(x) kind=leaky_relu alpha=0.25"
      ])
    #expect(
      try TestModel("HardSigmoid", [("alpha", .float(0.125))]).text() == [
        "y f32[N,3,8,8] = unary(x) kind=hard_sigmoid alpha=0.125 beta=0.5"
      ])
  }

  @Test func clipByAttributesAndByInputs() throws {
    let attributes: [(String, TestModel.Attribute)] = [("min", .float(0)), ("max", .float(6))]
    let expected = ["y f32[N,3,8,8] = unary(x) kind=clip minimum=0.0 maximum=6.0"]
    #expect(try TestModel("Clip", opset: 6, attributes).text() == expected)
    #expect(try TestModel("Clip", opset: 13, [], [("lo", .scalar(0)), ("hi", .scalar(6))]).text() == expected)
    var model = TestModel(opset: 13)
    model.stored = [("hi", .scalar(6))]
    model.add("Clip", ["x", "", "hi"], ["y"])
    #expect(try model.text() == ["y f32[N,3,8,8] = unary(x) kind=clip minimum=-inf maximum=6.0"])
    // From opset 11 on the attributes no longer exist.
    #expect(TestModel("Clip", opset: 13, attributes).error()?.message.contains("'max', 'min'") == true)
  }

  @Test func arithmeticBroadcasts() throws {
    let scale = ("s", TestModel.Stored.weights([3, 1, 1]))
    for (op, word) in [("Add", "add"), ("Sub", "subtract"), ("Mul", "multiply"), ("Div", "divide"), ("Pow", "power")] {
      #expect(try TestModel(op, [], [scale]).text() == ["y f32[N,3,8,8] = binary(x, s) kind=\(word)"])
    }
    #expect(try TestModel("Pow", [], [("two", .integers([2], dims: []))]).load().graph.numbers("two.f32") == [2])
  }

  @Test func manyInputsNest() throws {
    let model = TestModel("Max", [], [("a", .scalar(1)), ("b", .scalar(2))])
    #expect(
      try model.text() == [
        "y.1 f32[N,3,8,8] = binary(x, a) kind=maximum", "y f32[N,3,8,8] = binary(y.1, b) kind=maximum",
      ])
    #expect(try TestModel("Min").text() == ["y f32[N,3,8,8] = identity(x)"])
  }

  @Test func operatorsBeforeTheirFirstVersionAreReportedWithIt() {
    let error = TestModel("HardSwish", opset: 6).error()
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("HardSwish x 1, supported from opset 14") == true)
    #expect(error?.hint?.contains("newer opset") == true)
  }

  /// Before opset 7 the right operand lay beneath the left one from an axis on.
  @Test func arithmeticBeforeOpset7IsAligned() throws {
    let bias = [("b", TestModel.Stored.weights([3]))]
    let attributes: [(String, TestModel.Attribute)] = [("broadcast", .integer(1)), ("axis", .integer(1))]
    #expect(
      try TestModel("Add", opset: 6, attributes, bias).load().graph.lines.last
        == "y f32[N,3,8,8] = binary(x, y.spread) kind=add")
    #expect(
      try TestModel("Mul", opset: 6, [("broadcast", .integer(1))], [("s", .scalar(2))]).text()
        == ["y f32[N,3,8,8] = binary(x, s) kind=multiply"])
  }

  private var statistics: [(String, TestModel.Stored)] {
    ["scale", "shift", "mean", "variance"].map { ($0, .weights([3])) }
  }

  @Test func batchNormalization() throws {
    let text = try TestModel("BatchNormalization", [("epsilon", .float(0.5)), ("momentum", .float(0.9))], statistics)
      .text()
    #expect(
      text == ["y f32[N,3,8,8] = batch_normalization(x, scale, shift, mean, variance) epsilon=0.5"])
  }

  @Test func trainingIsRefused() {
    let training = TestModel("BatchNormalization", [("training_mode", .integer(1))], statistics).error()
    #expect(training?.hint == "export the model in evaluation mode")
    #expect(TestModel("BatchNormalization", opset: 6, [], statistics).error()?.kind == .unsupported)
    #expect(TestModel("BatchNormalization", opset: 6, [("is_test", .integer(1))], statistics).error() == nil)
    // Statistics of channels do not fit every element.
    #expect(
      TestModel("BatchNormalization", opset: 7, [("spatial", .integer(0))], statistics).error()?.kind == .malformed)
    let yes = TestModel.Stored(type: 9, dims: [], raw: [1])
    let no = TestModel.Stored(type: 9, dims: [], raw: [0])
    #expect(TestModel("Dropout", [], [("ratio", .scalar(0.5)), ("mode", yes)]).error()?.kind == .unsupported)
    #expect(TestModel("Dropout", [], [("ratio", .scalar(0.5)), ("mode", no)]).error() == nil)
  }

  @Test func dropoutIsIdentity() throws {
    var model = TestModel(opset: 7)
    model.add("Dropout", ["x"], ["y", "mask"], [("ratio", .float(0.5))])
    #expect(try model.text() == ["y f32[N,3,8,8] = identity(x)"])
  }

  @Test func softmaxBeforeOpset13TakesAllAxesBehind() throws {
    #expect(
      try TestModel("Softmax", opset: 11, x: ["N", 3, 8]).text() == [
        "y.flat f32[N,24] = reshape(x) shape=N,24",
        "y.softmax f32[N,24] = softmax(y.flat) axis=1 logarithm=0",
        "y f32[N,3,8] = reshape(y.softmax) shape=N,3,8",
      ])
    #expect(
      try TestModel("LogSoftmax", opset: 11, x: ["N", 10]).text() == ["y f32[N,10] = softmax(x) axis=1 logarithm=1"])
    #expect(
      try TestModel("Softmax", opset: 13, x: ["N", 3, 8]).text() == ["y f32[N,3,8] = softmax(x) axis=2 logarithm=0"])
  }

  @Test func reductionsTakeAxesEitherWay() throws {
    let expected = ["y f32[N,3] = reduce(x) kind=mean axes=2,3 keeps_axes=0"]
    let keep: (String, TestModel.Attribute) = ("keepdims", .integer(0))
    #expect(try TestModel("ReduceMean", opset: 13, [("axes", .integers([-1, 2])), keep]).text() == expected)
    #expect(try TestModel("ReduceMean", opset: 18, [keep], [("axes", .integers([2, -1]))]).text() == expected)
    #expect(
      try TestModel("ReduceSum", opset: 13, [], [("axes", .integers([1]))]).text() == [
        "y f32[N,1,8,8] = reduce(x) kind=sum axes=1 keeps_axes=1"
      ])
    #expect(TestModel("ReduceMax", [("axes", .integers([4]))]).error()?.message.contains("no axis 4 among 4") == true)
    #expect(
      try TestModel("ReduceMin", opset: 18, [("noop_with_empty_axes", .integer(1))]).text() == [
        "y f32[N,3,8,8] = identity(x)"
      ])
  }
}
