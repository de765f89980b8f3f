import PexONNX
import Testing

/// What importers get wrong about the order of numbers.
@Suite struct LayoutComplaints {
  @Test("complaint 25: Flatten and a dense layer behind a picture with its channels last") func channelsLast() throws {
    // Channels [1 2] and [3 4] are flattened pixel by pixel to 1 3 2 4; every digit of the sum is one of them.
    let weights = TestModel.Stored.floats([4, 1], [1, 10, 100, 1000])
    var model = TestModel(x: ["N", 2, 1, 2])
    model.stored = [("w", weights)]
    model.add("Transpose", ["x"], ["last"], [("perm", .integers([0, 2, 3, 1]))])
    model.add("Flatten", ["last"], ["flat"])
    model.add("Gemm", ["flat", "w"], ["y"])
    #expect(try model.numbers([1, 2, 3, 4]) == [4231])
    // The same picture that comes with its channels last already.
    var given = TestModel(x: ["N", 1, 2, 2])
    given.stored = [("w", weights), ("target", .integers([-1, 4]))]
    given.add("Reshape", ["x", "target"], ["flat"])
    given.add("MatMul", ["flat", "w"], ["y"])
    #expect(try given.numbers([1, 3, 2, 4]) == [4231])
  }
}
