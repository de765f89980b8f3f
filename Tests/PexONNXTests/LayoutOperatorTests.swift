import PexGraph
import Testing

@Suite struct LayoutOperatorTests {
  @Test(arguments: [
    ([0, -1], "N,192"), ([-1, 192], "N,192"), ([0, 0, -1], "N,3,64"), ([0, 3, 64], "N,3,64"),
    ([0, 2, -1, 8], "N,2,12,8"),
  ])
  func reshapeTargets(target: [Int], expected: String) throws {
    #expect(
      try TestModel("Reshape", [], [("s", .integers(target))]).text() == [
        "y f32[\(expected)] = reshape(x) shape=\(expected)"
      ])
  }

  @Test func fixedBatchInTheTargetBecomesSymbolic() throws {
    let model = TestModel("Reshape", x: [1, 3, 8, 8], [], [("s", .integers([1, -1]))])
    #expect(try model.text() == ["y f32[N,192] = reshape(x) shape=N,192"])
  }

  @Test(arguments: [[0, 0, 0, 0, 0], [-1, -1], [0, -2], [0, 7, -1], [Int.max, Int.max], [0, 5]])
  func impossibleTargetsAreErrors(target: [Int]) {
    #expect(TestModel("Reshape", [], [("s", .integers(target))]).error()?.kind == .malformed)
  }

  @Test func zeroMayMeanZero() {
    let model = TestModel("Reshape", [("allowzero", .integer(1))], [("s", .integers([0, 192]))])
    #expect(model.error()?.kind == .malformed)
  }

  @Test func flattenSqueezeAndUnsqueezeAreReshapes() throws {
    #expect(try TestModel("Flatten").text() == ["y f32[N,192] = reshape(x) shape=N,192"])
    let squeezed = ["y f32[N,3] = reshape(x) shape=N,3"]
    #expect(try TestModel("Squeeze", opset: 11, x: ["N", 3, 1, 1], [("axes", .integers([2, -1]))]).text() == squeezed)
    #expect(try TestModel("Squeeze", opset: 13, x: ["N", 3, 1, 1], [], [("a", .integers([2, 3]))]).text() == squeezed)
    #expect(try TestModel("Squeeze", opset: 13, x: ["N", 3, 1, 1]).text() == squeezed)
    let wider = ["y f32[N,3,1,1] = reshape(x) shape=N,3,1,1"]
    #expect(try TestModel("Unsqueeze", opset: 11, x: ["N", 3], [("axes", .integers([2, 3]))]).text() == wider)
    #expect(try TestModel("Unsqueeze", opset: 13, x: ["N", 3], [], [("a", .integers([-1, -2]))]).text() == wider)
    #expect(TestModel("Squeeze", opset: 13, x: ["N", 3, 1], [], [("a", .integers([1]))]).error()?.kind == .malformed)
    #expect(
      TestModel("Unsqueeze", opset: 13, x: ["N", 3], [], [("a", .integers([1, 1]))]).error()?.kind == .malformed)
  }

  @Test func transposeAndConcat() throws {
    #expect(
      try TestModel("Transpose", [("perm", .integers([0, 2, 3, 1]))]).text() == [
        "y f32[N,8,8,3] = transpose(x) permutation=0,2,3,1"
      ])
    var model = TestModel()
    model.add("Concat", ["x", "x"], ["y"], [("axis", .integer(-3))])
    #expect(try model.text() == ["y f32[N,6,8,8] = concat(x, x) axis=1"])
    #expect(TestModel("Concat").error()?.message.contains("attribute 'axis' is missing") == true)
    #expect(TestModel("Concat", opset: 3).error() == nil)
  }

  @Test func paddingByAttributesAndInputs() throws {
    let pads = [0, 0, 1, 2, 0, 0, 3, 4]
    let expected = ["y f32[N,3,12,14] = pad(x) before=0,0,1,2 after=0,0,3,4 value=0.0"]
    #expect(try TestModel("Pad", opset: 2, [("pads", .integers(pads))]).text() == expected)
    #expect(try TestModel("Pad", opset: 13, [], [("p", .integers(pads))]).text() == expected)
    var model = TestModel(opset: 18)
    model.stored = [("p", .integers([1, 2, 3, 4])), ("a", .integers([2, -1]))]
    model.add("Pad", ["x", "p", "", "a"], ["y"])
    #expect(try model.text() == expected)
    let unknown = TestModel("Pad", [("mode", .string("mirror"))], [("p", .integers(pads))]).error()
    #expect(unknown?.kind == .malformed)
    #expect(unknown?.message.contains("expected constant, reflect, edge or wrap, found 'mirror'") == true)
    #expect(TestModel("Pad", [], [("p", .integers([1, 1]))]).error()?.kind == .malformed)
  }

  @Test(arguments: [
    ("reflect", "1,0,1,2,1,0,1"), ("edge", "0,0,1,2,2,2,2"), ("wrap", "2,0,1,2,0,1,2"),
  ])
  func paddingWithElementsOfTheMap(mode: String, indices: String) throws {
    let pads = [0, 0, 0, 1, 0, 0, 0, 3]
    let model = TestModel("Pad", x: ["N", 2, 4, 3], [("mode", .string(mode))], [("p", .integers(pads))])
    #expect(try model.text() == ["y f32[N,2,4,7] = gather(x) axis=3 indices=\(indices)"])
  }

  @Test func negativePaddingCutsOff() throws {
    let pads = [0, 0, -1, 1, 0, 0, -2, 0]
    #expect(
      try TestModel("Pad", [], [("p", .integers(pads))]).text() == [
        "y.cut f32[N,3,5,8] = slice(x) starts=0,0,1,0 shape=N,3,5,8 steps=1,1,1,1",
        "y f32[N,3,5,9] = pad(y.cut) before=0,0,0,1 after=0,0,0,0 value=0.0",
      ])
    #expect(
      TestModel("Pad", [], [("p", .integers([0, 0, -5, 0, 0, 0, -5, 0]))]).error()?.message.contains("leave nothing")
        == true)
  }
}
