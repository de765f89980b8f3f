import PexTensor
import Testing

/// Every place where ONNX keeps numbers, and what damage there gives.
@Suite struct TensorReaderTests {
  private func numbers(_ stored: TestModel.Stored) throws -> [Float]? {
    try TestModel("Add", x: ["N", 2], [], [("w", stored)]).load().graph.numbers("w")
  }

  private func error(_ stored: TestModel.Stored) -> PexError? {
    TestModel("Add", x: ["N", 2], [], [("w", stored)]).error()
  }

  @Test func rawData() throws {
    #expect(try numbers(.floats([2], [1.5, -2])) == [1.5, -2])
    #expect(try numbers(.init(type: 10, dims: [2], raw: [0x00, 0x3e, 0x00, 0xc0])) == [1.5, -2])
    #expect(try numbers(.init(type: 16, dims: [2], raw: [0xc0, 0x3f, 0x00, 0xc0])) == [1.5, -2])
    let doubles = [1.5, -2].flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    #expect(try numbers(.init(type: 11, dims: [2], raw: doubles)) == [1.5, -2])
  }

  @Test func typedFields() throws {
    let packed = TestModel.Stored(dims: [2], fill: { $0.bytes(4, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]) })
    #expect(try numbers(packed) == [1.5, -2])
    let single = TestModel.Stored(
      dims: [2],
      fill: {
        $0.float(4, 1.5)
        $0.float(4, -2)
      })
    #expect(try numbers(single) == [1.5, -2])
    let half = TestModel.Stored(
      type: 10, dims: [2],
      fill: {
        $0.integer(5, 0x3e00)
        $0.integer(5, 0xc000)
      })
    #expect(try numbers(half) == [1.5, -2])
    let packedHalf = TestModel.Stored(type: 10, dims: [2], fill: { $0.bytes(5, [0x80, 0x7c, 0x80, 0x80, 0x03]) })
    #expect(try numbers(packedHalf) == [1.5, -2])
  }

  @Test func numbersAndShapeMustFit() {
    #expect(error(.floats([3], [1, 2]))?.kind == .malformed)
    #expect(error(.floats([1], [1, 2]))?.kind == .malformed)
    #expect(error(.init(dims: [2]))?.message.contains("tensor 'w': shape [2] has 2 elements, found 0") == true)
    #expect(error(.init(dims: [2], raw: [0, 0, 0]))?.kind == .malformed)
    #expect(error(.init(dims: [2], fill: { $0.bytes(4, [0, 0, 0]) }))?.kind == .malformed)
    #expect(error(.init(dims: [-2], raw: []))?.kind == .malformed)
    #expect(error(.init(dims: [1 << 40, 1 << 40], raw: []))?.kind == .malformed)
    #expect(error(.init(dims: [0, 1 << 40, 1 << 40], raw: []))?.kind == .malformed)
    #expect(error(.init(dims: [1 << 62], raw: []))?.kind == .malformed)
    #expect(error(.init(dims: [1 << 40], raw: []))?.kind == .malformed)
  }

  @Test func numbersMayBeInOnePlaceOnly() {
    let both = TestModel.Stored(dims: [1], raw: [0, 0, 0, 0], fill: { $0.float(4, 1) })
    #expect(error(both)?.message.contains("in several fields: float_data, raw_data") == true)
    let twice = TestModel.Stored(dims: [1], raw: [0, 0, 0, 0], fill: { $0.bytes(9, [0, 0, 0, 0]) })
    #expect(error(twice)?.kind == .malformed)
    let mixed = TestModel.Stored(
      dims: [2],
      fill: {
        $0.bytes(4, [0, 0, 0, 0])
        $0.float(4, 1)
      })
    #expect(error(mixed)?.kind == .malformed)
    #expect(error(.init(type: 11, dims: [2], fill: { $0.bytes(4, [0, 0, 0, 0, 0, 0, 0, 0]) }))?.kind == .malformed)
  }

  @Test func whatIsNotSupportedIsNamed() {
    #expect(error(.init(type: 8, dims: [1], fill: { $0.string(6, "word") }))?.kind == .unsupported)
    #expect(error(.init(type: 14, dims: [1], raw: []))?.message.contains("element type 14") == true)
    let external = TestModel.Stored(dims: [1], fill: { $0.integer(14, 1) })
    #expect(error(external)?.kind == .unsupported)
    #expect(error(external)?.message.contains("tensor 'w': its data is in another file") == true)
    #expect(error(.integers([1, 2]))?.kind == .unsupported)
    var sparse = TestModel("Relu")
    sparse.graphExtra = { $0.message(15) { $0.message(1) { $0.string(8, "thin") } } }
    #expect(sparse.error()?.message.contains("tensor 'thin' is sparse") == true)
  }
}
