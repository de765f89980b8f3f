import PexONNX
import PexTensor
import Testing

/// Damaged files give errors, whatever the damage. A crash would end the test run.
@Suite struct DamageTests {
  private var small: [UInt8] {
    var model = TestModel(opset: 13, x: ["N", 2])
    model.stored = [("w", .weights([3, 2])), ("zero", .integers([0], dims: [])), ("rest", .integers([-1]))]
    model.add("Gemm", ["x", "w"], ["h"], [("transB", .integer(1))])
    model.add("Shape", ["h"], ["shape"])
    model.add("Gather", ["shape", "zero"], ["n"])
    model.add("Unsqueeze", ["n", "axes"], ["n1"])
    model.stored.append(("axes", .integers([0])))
    model.add("Concat", ["n1", "rest"], ["target"], [("axis", .integer(0))])
    model.add("Reshape", ["h", "target"], ["y"])
    return model.bytes
  }

  private func load(_ bytes: [UInt8]) throws { _ = try ONNXImporter.load(bytes: bytes, name: "damaged") }

  @Test func soundModelLoads() throws { try load(small) }

  @Test func everyTruncationIsAnError() {
    let bytes = small
    for count in bytes.indices {
      #expect(throws: PexError.self) { try load(Array(bytes.prefix(count))) }
    }
  }

  @Test func flippedBytesNeverCrash() {
    let bytes = small
    for index in bytes.indices {
      for mask: UInt8 in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
        var damaged = bytes
        damaged[index] ^= mask
        do { try load(damaged) } catch { #expect(error is PexError) }
        _ = ONNXImporter.recognises(damaged)
      }
    }
  }

  @Test func randomDamageNeverCrashes() {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let bytes = small
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0...next(4) { damaged[next(damaged.count)] = UInt8(next(256)) }
      do { try load(damaged) } catch { #expect(error is PexError) }
    }
  }

  @Test func tenThousandNestedMessagesAreRefused() {
    // From the inside out: a graph in an attribute (field 6) in a node (5) in a graph (1).
    var graph: [UInt8] = []
    for depth in 0..<10_000 {
      var writer = WireWriter()
      writer.bytes([6, 5, 1][depth % 3], graph)
      graph = writer.bytes
    }
    var model = WireWriter()
    model.integer(1, 8)
    model.message(7) { $0.message(1) { $0.bytes(5, graph) } }
    model.message(8) { $0.integer(2, 17) }
    let error = #expect(throws: PexError.self) { try load(model.bytes) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("nested") == true)
  }

  @Test func structuresThatCostTooMuchAreRefused() {
    // Empty nodes: two bytes each in the file, a hundred in memory.
    var model = WireWriter()
    model.integer(1, 8)
    var graph: [UInt8] = []
    for _ in 0..<400_000 { graph += [0x0a, 0x00] }
    model.bytes(7, graph)
    model.message(8) { $0.integer(2, 17) }
    let error = #expect(throws: PexError.self) { try load(model.bytes) }
    #expect(error?.message.contains("more memory") == true)
  }

  @Test(arguments: [
    ("group", [0x0b] as [UInt8]), ("field number 0", [0x00, 0x00]), ("unknown encoding", [0x0f]),
    ("overlong integer", [0x08] + [UInt8](repeating: 0xff, count: 11)), ("cut off", [0x08, 0x80]),
    ("length beyond the end", [0x3a, 0x7f]),
    ("huge length", [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ("wrong encoding", [0x38, 0x01]), ("second graph", [0x3a, 0x00]),
  ])
  func wireErrors(what: String, suffix: [UInt8]) {
    let error = #expect(throws: PexError.self) { try load(small + suffix) }
    #expect(error?.kind == .malformed, "\(what)")
  }

  @Test func placeOfDataCannotBeForged() {
    var model = TestModel("Relu")
    model.stored = [("w", .init(dims: [1], fill: { $0.message(50000) { $0.integer(2, 1 << 40) } }))]
    #expect(model.error()?.message.contains("field that no ONNX file has") == true)
  }

  @Test func missingFilesAreUnreadable() {
    let error = #expect(throws: PexError.self) { try ONNXImporter.load(path: "/nonexistent/model.onnx") }
    #expect(error?.kind == .unreadable)
  }

  @Test func absurdInputExtentsAreErrors() {
    #expect(TestModel("Relu", x: ["N", -2]).error()?.kind == .malformed)
    #expect(TestModel("Relu", x: ["N", .fixed(1 << 62), .fixed(1 << 62)]).error()?.kind == .malformed)
    #expect(TestModel("Relu", x: [.fixed(Int.min), 2]).error()?.kind == .malformed)
    #expect(TestModel("Flatten", x: ["N", .fixed(1 << 31), .fixed(1 << 31)]).error()?.kind == .malformed)
  }
}
