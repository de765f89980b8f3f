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

  /// The graph holds no integers, so a shape is what shows them.
  private func integers(_ stored: TestModel.Stored) throws -> [String] {
    var model = TestModel(x: [1, 6])
    model.stored = [("shape", stored)]
    model.add("Reshape", ["x", "shape"], ["y"])
    return try model.text()
  }

  @Test func integersOfEveryWidth() throws {
    let reshaped = ["y f32[3,2] = reshape(x) shape=3,2"]
    let little: [(type: Int, width: Int)] = [(2, 1), (3, 1), (4, 2), (5, 2), (6, 4), (7, 8), (12, 4), (13, 8)]
    for (type, width) in little {
      let raw = [3, 2].flatMap { value in [UInt8(value)] + [UInt8](repeating: 0, count: width - 1) }
      #expect(try integers(.init(type: type, dims: [2], raw: raw)) == reshaped, "raw, type \(type)")
      let field = type == 7 ? 7 : type >= 12 ? 11 : 5
      let packed = TestModel.Stored(type: type, dims: [2], fill: { $0.bytes(field, [3, 2]) })
      #expect(try integers(packed) == reshaped, "packed, type \(type)")
      let single = TestModel.Stored(
        type: type, dims: [2],
        fill: {
          $0.integer(field, 3)
          $0.integer(field, 2)
        })
      #expect(try integers(single) == reshaped, "one by one, type \(type)")
    }
  }

  @Test func narrowIntegersAreWidenedWithTheirSign() throws {
    // -1 stands for what is left, so its sign shows.
    for (type, raw) in [(3, [3, 0xff]), (5, [3, 0, 0xff, 0xff]), (6, [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])] {
      let stored = TestModel.Stored(type: type, dims: [2], raw: raw.map(UInt8.init))
      #expect(try integers(stored) == ["y f32[3,2] = reshape(x) shape=3,2"])
    }
    let typed = TestModel.Stored(
      type: 3, dims: [2], fill: { $0.bytes(5, [3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]) })
    #expect(try integers(typed) == ["y f32[3,2] = reshape(x) shape=3,2"])
  }

  @Test func numbersThatNoIntegerHoldsAreNamed() {
    let large = TestModel.Stored(type: 13, dims: [1], raw: [UInt8](repeating: 0xff, count: 8))
    #expect(error(large)?.kind == .unsupported)
    #expect(error(large)?.message.contains("tensor 'w': a number is greater than") == true)
    let typed = TestModel.Stored(type: 13, dims: [1], fill: { $0.integer(11, -1) })
    #expect(error(typed)?.message.contains("a number is greater than") == true)
  }

  @Test func packedHalvesAndBrainFloats() throws {
    let brain = TestModel.Stored(type: 16, dims: [2], fill: { $0.bytes(5, [0xc0, 0x7f, 0x80, 0x80, 0x03]) })
    #expect(try numbers(brain) == [1.5, -2])
    let doubles = TestModel.Stored(
      type: 11, dims: [2],
      fill: { writer in
        let bits = [1.5, -2].flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        writer.bytes(10, bits)
      })
    #expect(try numbers(doubles) == [1.5, -2])
  }

  @Test(arguments: [
    (14, "complex64"), (15, "complex128"), (17, "float8e4m3fn"), (18, "float8e4m3fnuz"), (19, "float8e5m2"),
    (20, "float8e5m2fnuz"), (21, "uint4"), (22, "int4"), (23, "float4e2m1"),
  ])
  func rareElementTypesAreNamed(code: Int, name: String) {
    let error = error(.init(type: code, dims: [1], raw: [0]))
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("tensor 'w': element type \(code) (\(name))") == true)
    #expect(error?.hint != nil)
  }

  @Test func segmentsAreRefused() {
    let part = TestModel.Stored(dims: [1], raw: [0, 0, 0, 0], fill: { $0.message(3) { $0.integer(1, 0) } })
    #expect(error(part)?.kind == .unsupported)
    #expect(error(part)?.message.contains("tensor 'w': only a segment") == true)
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
    let short = TestModel.Stored(type: 10, dims: [1 << 40], fill: { $0.bytes(5, [1, 2]) })
    #expect(error(short)?.message.contains("1099511627776 elements, found 2") == true)
    #expect(error(.init(type: 7, dims: [1], fill: { $0.bytes(5, [1]) }))?.kind == .malformed)
  }

  @Test func whatIsNotSupportedIsNamed() {
    #expect(error(.init(type: 8, dims: [1], fill: { $0.string(6, "word") }))?.kind == .unsupported)
    #expect(error(.init(type: 14, dims: [1], raw: []))?.message.contains("element type 14") == true)
    let external = TestModel.Stored(dims: [1], fill: { $0.integer(14, 1) })
    #expect(error(external)?.kind == .malformed)
    #expect(error(external)?.message.contains("tensor 'w': external data: key 'location' is missing") == true)
    #expect(error(.integers([1, 2]))?.kind == .unsupported)
    var sparse = TestModel("Relu")
    sparse.graphExtra = { $0.message(15) { $0.message(1) { $0.string(8, "thin") } } }
    #expect(sparse.error()?.message.contains("tensor 'thin' is sparse") == true)
  }
}
