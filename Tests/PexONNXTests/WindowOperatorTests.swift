import PexGraph
import Testing

/// Convolution and pooling, and the padding reader that they share.
@Suite struct WindowOperatorTests {
  private let weight = ("w", TestModel.Stored.weights([4, 3, 3, 3]))

  @Test func convolutionTakesItsKernelFromTheWeight() throws {
    let text = try TestModel("Conv", [("pads", .integers([0, 1, 2, 3])), ("strides", .integers([2, 1]))], [weight])
      .text()
    #expect(
      text == [
        "y f32[N,4,4,10] = convolution(x, w) kernel=3,3 strides=2,1 dilations=1,1 padding=explicit before=0,1 "
          + "after=2,3 rounds_up=0 groups=1"
      ])
  }

  @Test func groupsAndBias() throws {
    let model = TestModel(
      "Conv", [("group", .integer(3)), ("kernel_shape", .integers([3, 3]))],
      [("w", .weights([6, 1, 3, 3])), ("b", .weights([6]))])
    #expect(try model.text().first?.hasPrefix("y f32[N,6,6,6] = convolution(x, w, b)") == true)
    #expect(try model.text().first?.hasSuffix("groups=3") == true)
  }

  @Test(arguments: [("SAME_UPPER", "same_upper"), ("SAME_LOWER", "same_lower"), ("VALID", "valid")])
  func automaticPaddingStaysSymbolic(word: String, expected: String) throws {
    let text = try TestModel("Conv", [("auto_pad", .string(word))], [weight]).text()
    #expect(text[0].contains("padding=\(expected) "))
    let pooled = try TestModel("MaxPool", [("auto_pad", .string(word)), ("kernel_shape", .integers([2, 2]))]).text()
    #expect(pooled[0].contains("padding=\(expected) "))
  }

  @Test func kernelShapeMustAgree() {
    let error = TestModel("Conv", [("kernel_shape", .integers([3, 1]))], [weight]).error()
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("node 'Conv_0' (Conv): attribute 'kernel_shape': expected [3, 3]") == true)
  }

  @Test func averageCountsPaddingWhenAsked() throws {
    let text = try TestModel(
      "AveragePool",
      [
        ("kernel_shape", .integers([3, 3])), ("pads", .integers([1, 1, 1, 1])), ("count_include_pad", .integer(1)),
        ("ceil_mode", .integer(1)), ("strides", .integers([2, 2])),
      ]
    ).text()
    #expect(
      text == [
        "y f32[N,3,5,5] = pooling(x) kind=average kernel=3,3 strides=2,2 dilations=1,1 padding=explicit before=1,1 "
          + "after=1,1 rounds_up=1 counts_padding=1"
      ])
  }

  @Test func positionsOfMaximaAreRefusedWhenRead() throws {
    var model = TestModel()
    model.add("MaxPool", ["x"], ["y", "where"], [("kernel_shape", .integers([2, 2]))])
    #expect(try model.text().count == 1)
    model.outputs = ["y", "where"]
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("output 1 ('where')") == true)
  }

  @Test func globalPools() throws {
    #expect(try TestModel("GlobalAveragePool").text() == ["y f32[N,3,1,1] = global_pooling(x) kind=average"])
    #expect(try TestModel("GlobalMaxPool").text() == ["y f32[N,3,1,1] = global_pooling(x) kind=maximum"])
  }

  @Test(arguments: [
    ("pads", TestModel.Attribute.integers([1, 1]), "expected 4 integers, found 2"),
    ("pads", .integer(1), "expected a list of integers, found the integer 1"),
    ("pads", .integers([-1, 0, 0, 0]), "negative padding"),
    ("strides", .integers([1]), "expected 2 integers"),
    ("auto_pad", .string("ODD"), "found 'ODD'"),
    ("group", .float(1), "expected an integer, found the number 1.0"),
    ("group", .graph, "expected an integer, found a graph"),
    ("surprise", .integer(1), "'surprise' is not supported"),
  ])
  func everyErrorNamesNodeAndAttribute(name: String, value: TestModel.Attribute, expected: String) {
    let error = TestModel("Conv", [(name, value)], [weight]).error()
    #expect(error?.message.hasPrefix("test: node 'Conv_0' (Conv): attribute '\(name)") == true)
    #expect(error?.message.contains(expected) == true)
  }

  @Test(arguments: [[0, 1], [1, 0], [1 << 40, 1], [-1, 1]])
  func absurdWindowsAreErrors(numbers: [Int]) {
    #expect(TestModel("MaxPool", [("kernel_shape", .integers(numbers))]).error()?.kind == .malformed)
    #expect(TestModel("Conv", [("strides", .integers(numbers))], [weight]).error() != nil || numbers == [1 << 40, 1])
  }
}
