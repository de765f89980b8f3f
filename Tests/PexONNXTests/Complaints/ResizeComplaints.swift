import PexONNX
import Testing

/// Complaint 23, the many ways to choose pixels of another size. Numbers of linear and nearest are worked out by hand;
/// those of cubic are what `ReferenceEvaluator` of the onnx package 1.23.2 computes, and onnxruntime 1.31.1 as well.
@Suite struct ResizeComplaints {
  private func resized(
    opset: Int = 19, scale: Float? = nil, size: Int? = nil, _ words: [String: String],
    _ more: [(String, TestModel.Attribute)] = [], roi: [Float]? = nil, x: [Float] = [1, 2, 3, 4]
  ) throws -> [Float] {
    var model = TestModel(opset: opset, x: ["N", 1, 1, .fixed(x.count)])
    model.stored = roi.map { [("roi", .floats([8], $0))] } ?? []
    var inputs = ["x", roi == nil ? "" : "roi"]
    if let scale {
      model.stored.append(("scales", .floats([4], [1, 1, 1, scale])))
      inputs.append("scales")
    } else if let size {
      model.stored.append(("sizes", .integers([1, 1, 1, size])))
      inputs += ["", "sizes"]
    }
    let attributes = words.sorted { $0.key < $1.key }.map { ($0.key, TestModel.Attribute.string($0.value)) }
    model.add("Resize", inputs, ["y"], attributes + more)
    return try model.numbers(x)
  }

  private func coordinates(_ mode: String, _ word: String) -> [String: String] {
    ["mode": mode, "coordinate_transformation_mode": word]
  }

  @Test(
    "complaint 23: Resize, linear, by where pixels lie",
    arguments: [
      ("half_pixel", [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]),
      ("pytorch_half_pixel", [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]),
      ("asymmetric", [1, 1.5, 2, 2.5, 3, 3.5, 4, 4]),
      ("align_corners", [1, 10 / 7, 13 / 7, 16 / 7, 19 / 7, 22 / 7, 25 / 7, 4]),
    ] as [(String, [Float])])
  func linear(word: String, expected: [Float]) throws {
    #expect(isClose(try resized(scale: 2, coordinates("linear", word)), expected))
  }

  @Test("complaint 23: Resize to one pixel takes the middle, torch's way the first") func onePixel() throws {
    #expect(try resized(size: 1, coordinates("linear", "half_pixel")) == [2.5])
    #expect(try resized(size: 1, coordinates("linear", "pytorch_half_pixel")) == [1])
  }

  @Test("complaint 23: Resize by sizes") func sizes() throws {
    let expected: [Float] = [1, 1.5, 2, 2.5, 3, 3.5, 4]
    #expect(isClose(try resized(size: 7, coordinates("linear", "align_corners")), expected))
  }

  @Test(
    "complaint 23: Resize, nearest, by rounding",
    arguments: [
      ("round_prefer_floor", [1, 1, 2, 3, 3, 4], [1, 3]), ("round_prefer_ceil", [1, 2, 2, 3, 4, 4], [2, 4]),
      ("floor", [1, 1, 2, 2, 3, 4], [1, 3]), ("ceil", [1, 2, 3, 3, 4, 4], [2, 4]),
    ] as [(String, [Float], [Float])])
  func nearest(word: String, six: [Float], two: [Float]) throws {
    let words = ["mode": "nearest", "nearest_mode": word]
    #expect(try resized(size: 6, words) == six)
    #expect(try resized(size: 2, words) == two)
  }

  @Test("complaint 23: Resize by opset 10, and Upsample before it") func olderForms() throws {
    let scales: (String, TestModel.Stored) = ("s", .floats([4], [1, 1, 1, 2]))
    let mode: (String, TestModel.Attribute) = ("mode", .string("nearest"))
    #expect(try TestModel.row("Resize", opset: 10, count: 2, [mode], [scales]).numbers([1, 2]) == [1, 1, 2, 2])
    #expect(try TestModel.row("Upsample", opset: 9, count: 2, [mode], [scales]).numbers([1, 2]) == [1, 1, 2, 2])
    let attribute: (String, TestModel.Attribute) = ("scales", .floats([1, 1, 1, 2]))
    #expect(try TestModel.row("Upsample", opset: 7, count: 2, [mode, attribute]).numbers([1, 2]) == [1, 1, 2, 2])
    // Their pixels lie as `asymmetric` says.
    let linear: (String, TestModel.Attribute) = ("mode", .string("linear"))
    let upsampled = TestModel.row("Upsample", opset: 9, count: 4, [linear], [scales])
    #expect(isClose(try upsampled.numbers([1, 2, 3, 4]), [1, 1.5, 2, 2.5, 3, 3.5, 4, 4]))
  }

  @Test("complaint 23: Resize, cubic") func cubic() throws {
    let x: [Float] = [1, 5, 2, 4]
    #expect(
      isClose(
        try resized(scale: 2, ["mode": "cubic"], x: x),
        [0.578125, 2.011719, 4.410156, 4.671875, 2.609375, 2.136719, 3.441406, 4.210938]))
    #expect(
      isClose(
        try resized(scale: 2, ["mode": "cubic"], [("cubic_coeff_a", .float(-0.5))], x: x),
        [0.71875, 1.882812, 4.398438, 4.625, 2.5625, 2.195312, 3.523438, 4.140625]))
    #expect(
      isClose(
        try resized(scale: 2, ["mode": "cubic"], [("exclude_outside", .integer(1))], x: x),
        [0.454545, 1.915194, 4.29434, 4.671875, 2.609375, 2.2, 3.4947, 4.272727]))
    #expect(
      isClose(
        try resized(scale: 2, coordinates("cubic", "align_corners"), x: x),
        [1, 2.915452, 4.752187, 4.558311, 2.747813, 2.005831, 2.924198, 4]))
  }

  @Test("complaint 23: Resize of a region, with a number for what lies outside") func region() throws {
    // From the middle on: places 1.5, 2.5, and two behind the last pixel.
    let found = try resized(
      size: 4, coordinates("linear", "tf_crop_and_resize"), [("extrapolation_value", .float(9))],
      roi: [0, 0, 0, 0.5, 1, 1, 1, 1.5])
    #expect(found == [2.5, 3.5, 9, 9])
  }
}
