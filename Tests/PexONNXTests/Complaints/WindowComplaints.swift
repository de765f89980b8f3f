import PexONNX
import Testing

/// What importers get wrong about windows. All numbers are sums and maxima of a few integers, counted by hand.
@Suite struct WindowComplaints {
  /// A kernel of one line whose numbers tell the positions apart: every digit of a sum is a pixel.
  private func digits(_ count: Int) -> (String, TestModel.Stored) {
    ("w", .floats([1, 1, 1, count], [1, 10, 100].prefix(count).map { $0 }))
  }

  @Test("complaint 1: asymmetric pads") func asymmetricPads() throws {
    // 1 2 3      One line of zeros above, two columns of them on the right.
    // 4 5 6
    let model = TestModel(
      "Conv", x: ["N", 1, 2, 3], [("pads", .integers([1, 0, 0, 2]))],
      [("w", .floats([1, 1, 2, 2], [1, 10, 100, 1000]))])
    let y = try model.computed([1, 2, 3, 4, 5, 6])
    #expect(y.shape.dimensions == [1, 1, 2, 4])
    #expect(y.floats == [2100, 3200, 300, 0, 5421, 6532, 603, 0])
  }

  @Test("complaint 2: auto_pad, and which side gets the odd pixel") func automaticPadding() throws {
    func convolved(_ word: String, _ kernel: Int, stride: Int) throws -> [Float] {
      try TestModel.row(
        "Conv", count: 4, [("auto_pad", .string(word)), ("strides", .integers([1, stride]))], [digits(kernel)]
      ).numbers([1, 2, 3, 4])
    }
    #expect(try convolved("SAME_UPPER", 2, stride: 1) == [21, 32, 43, 4])
    #expect(try convolved("SAME_LOWER", 2, stride: 1) == [10, 21, 32, 43])
    #expect(try convolved("SAME_UPPER", 3, stride: 2) == [321, 43])
    #expect(try convolved("SAME_LOWER", 3, stride: 2) == [210, 432])
    #expect(try convolved("VALID", 3, stride: 2) == [321])
    let pooled = TestModel.row(
      "AveragePool", count: 4,
      [("auto_pad", .string("SAME_LOWER")), ("kernel_shape", .integers([1, 3])), ("strides", .integers([1, 2]))])
    // The average leaves out the pixel that is not there.
    #expect(try pooled.numbers([1, 2, 3, 4]) == [1.5, 3])
  }

  private func maximum(_ count: Int, _ kernel: Int, stride: Int, pads: [Int], ceil: Int) throws -> [Float] {
    try TestModel.row(
      "MaxPool", count: count,
      [
        ("kernel_shape", .integers([1, kernel])), ("strides", .integers([1, stride])), ("ceil_mode", .integer(ceil)),
        ("pads", .integers([0, pads[0], 0, pads[1]])),
      ]
    ).numbers((1...count).map(Float.init))
  }

  @Test("complaint 3: ceil_mode rounds the number of windows up, and none starts in the padding")
  func roundingUp() throws {
    #expect(try maximum(5, 2, stride: 2, pads: [0, 0], ceil: 0) == [2, 4])
    #expect(try maximum(5, 2, stride: 2, pads: [0, 0], ceil: 1) == [2, 4, 5])
    // Windows start at -1, 1 and 3: the third lies behind the last pixel and is dropped.
    #expect(try maximum(3, 2, stride: 2, pads: [1, 1], ceil: 1) == [1, 3])
    // Here the third starts on the last pixel.
    #expect(try maximum(4, 3, stride: 2, pads: [1, 1], ceil: 1) == [2, 4, 4])
  }

  private func average(_ kernel: Int, pads: [Int], ceil: Int, counting: Int) throws -> [Float] {
    try TestModel.row(
      "AveragePool", opset: 19, count: 4,
      [
        ("kernel_shape", .integers([1, kernel])), ("strides", .integers([1, 2])), ("ceil_mode", .integer(ceil)),
        ("pads", .integers([0, pads[0], 0, pads[1]])), ("count_include_pad", .integer(counting)),
      ]
    ).numbers([1, 2, 3, 4])
  }

  @Test("complaint 4: AveragePool's count_include_pad with ceil_mode and asymmetric pads") func averages() throws {
    // [0 1 2] [2 3 4]
    #expect(try average(3, pads: [1, 0], ceil: 0, counting: 1) == [1, 3])
    #expect(try average(3, pads: [1, 0], ceil: 0, counting: 0) == [1.5, 3])
    // [0 0 1] [1 2 3] [3 4 -]: what lies beyond the padding is never counted.
    #expect(isClose(try average(3, pads: [2, 0], ceil: 1, counting: 1), [1 / 3, 2, 3.5]))
    #expect(try average(3, pads: [2, 0], ceil: 1, counting: 0) == [1, 2, 3.5])
    // [0 1 2] [2 3 4] [4 0 -]
    #expect(try average(3, pads: [1, 1], ceil: 1, counting: 1) == [1, 3, 2])
    #expect(try average(3, pads: [1, 1], ceil: 1, counting: 0) == [1.5, 3, 4])
    // [1 2] [3 4], and nothing that starts in the padding.
    #expect(try average(2, pads: [0, 1], ceil: 1, counting: 1) == [1.5, 3.5])
  }

  @Test("complaint 11: Conv without kernel_shape") func kernelFromTheWeight() throws {
    #expect(try TestModel.row("Conv", count: 4, [], [digits(3)]).numbers([1, 2, 3, 4]) == [321, 432])
    let given = TestModel.row("Conv", count: 4, [("kernel_shape", .integers([1, 3]))], [digits(3)])
    #expect(try given.numbers([1, 2, 3, 4]) == [321, 432])
  }

  @Test("complaint 12: depthwise convolution with a multiplier, and grouped convolution") func groups() throws {
    let weights = TestModel.Stored.floats([4, 1, 1, 1], [1, 10, 100, 1000])
    let depthwise = TestModel("Conv", x: ["N", 2, 1, 1], [("group", .integer(2))], [("w", weights)])
    #expect(try depthwise.numbers([2, 3]) == [2, 20, 300, 3000])
    let grouped = TestModel(
      "Conv", x: ["N", 4, 1, 1], [("group", .integer(2))],
      [("w", .floats([2, 2, 1, 1], [1, 10, 100, 1000])), ("b", .floats([2], [0.5, -0.5]))])
    #expect(try grouped.numbers([1, 2, 3, 4]) == [21.5, 4299.5])
    #expect(try grouped.numbers([1, 2, 3, 4, 0, 1, 1, 0]) == [21.5, 4299.5, 10.5, 99.5])
  }
}
