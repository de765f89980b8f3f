import PexTensor
import Testing

@Suite struct NpyTests {
  /// A file of the given header text and numbers.
  private func file(_ text: String, _ payload: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
    let count = text.utf8.count
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(text.utf8) + payload
  }

  private func header(_ descr: String, _ shape: String, fortran: String = "False") -> String {
    "{'descr': '\(descr)', 'fortran_order': \(fortran), 'shape': \(shape), }          \n"
  }

  private func kind(_ bytes: [UInt8]) -> PexError.Kind? {
    do {
      _ = try Npy.read(bytes: bytes, name: "test")
      return nil
    } catch { return (error as? PexError)?.kind }
  }

  @Test func everyTypeSurvivesARoundTrip() throws {
    for dtype in DType.allCases where dtype != .bfloat16 {
      for dimensions in [[], [0], [3], [2, 3], [1, 2, 3, 4]] {
        let tensor = try Tensor(dtype, Shape(dimensions)) { bytes in
          for index in bytes.indices { bytes[index] = dtype == .bool ? UInt8(index & 1) : UInt8(index % 100) }
        }
        let bytes = Npy.encode(tensor)
        #expect((bytes.count - tensor.byteCount) % 64 == 0)
        #expect(try Npy.read(bytes: bytes, name: "test").isIdentical(to: tensor))
      }
    }
  }

  @Test func bfloat16IsWrittenAsFloat32() throws {
    let tensor = try Tensor(.bfloat16, Shape([1])) { $0.storeBytes(of: 0x3fc0, as: UInt16.self) }
    let read = try Npy.read(bytes: Npy.encode(tensor), name: "test")
    #expect(read.dtype == .float32)
    #expect(read.floats == [1.5])
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func everyVersionIsRead(version: UInt8) throws {
    let tensor = try Npy.read(bytes: file(header("|u1", "(2,)"), [7, 9], version: version), name: "test")
    #expect(tensor.integers == [7, 9])
  }

  @Test func narrowIntegersAreWidened() throws {
    let bytes: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    #expect(try Npy.read(bytes: file(header("<i2", "(2,)"), bytes), name: "").integers == [-1, -1])
    #expect(try Npy.read(bytes: file(header("<u2", "(2,)"), bytes), name: "").integers == [65535, 65535])
    #expect(try Npy.read(bytes: file(header("<u4", "(1,)"), bytes), name: "").integers == [4_294_967_295])
  }

  @Test func bytesMayLieTheOtherWayRound() throws {
    #expect(try Npy.read(bytes: file(header(">f4", "(1,)"), [0x3f, 0xc0, 0, 0]), name: "").floats == [1.5])
    #expect(try Npy.read(bytes: file(header(">i2", "(2,)"), [0xff, 0xfe, 1, 0]), name: "").integers == [-2, 256])
    let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 2]
    #expect(try Npy.read(bytes: file(header(">i8", "(1,)"), bytes), name: "").integers == [258])
  }

  @Test func fortranOrderIsTransposed() throws {
    let bytes = file(header("|i1", "(2, 3)", fortran: "True"), [1, 4, 2, 5, 3, 6])
    let tensor = try Npy.read(bytes: bytes, name: "test")
    #expect(tensor.shape.dimensions == [2, 3])
    #expect(tensor.integers == [1, 2, 3, 4, 5, 6])
    #expect(try Npy.read(bytes: file(header("|i1", "(0, 3)", fortran: "True")), name: "").count == 0)
  }

  @Test(arguments: [
    ">c8", "=f4", "<u8", "<c8", "|S4", "<U3", "|O", "<f16", "f4", "", "<i1", String(repeating: "x", count: 100),
  ])
  func otherTypesAreRefused(descr: String) {
    #expect(kind(file(header(descr, "(1,)"), [0, 0, 0, 0])) == .malformed)
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': False, 'shape': (1)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': (1,)}",
    "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}", "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x",
    "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|u\\'1', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9223372036854775807)}",
    "{'descr': '<f8', 'fortran_order': True, 'shape': (9223372036854775807,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (\(String(repeating: "1,", count: 40)))}",
  ])
  func unsoundHeadersAreRefused(text: String) {
    #expect(kind(file(text, [0])) == .malformed)
  }

  @Test func looseWritingIsRead() throws {
    let text = "{\"shape\":(1,1),'fortran_order':False,'descr':'|u1'}"
    #expect(try Npy.read(bytes: file(text, [5]), name: "test").integers == [5])
  }

  @Test func lengthMustBeExact() throws {
    let bytes = Npy.encode(try Tensor([2, 2], [1, 2, 3, 4] as [Float]))
    for length in bytes.indices { #expect(kind(Array(bytes.prefix(length))) == .malformed) }
    #expect(kind(bytes + [0]) == .malformed)
  }

  @Test func flippedBytesNeverCrash() throws {
    let bytes = Npy.encode(try Tensor([2, 2], [1, 2, 3, 4] as [Float]))
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        let found = kind(damaged)
        #expect(found == nil || found == .malformed)
      }
    }
  }

  @Test func boolsAreZeroOrOne() {
    #expect(kind(file(header("|b1", "(2,)"), [0, 1])) == nil)
    #expect(kind(file(header("|b1", "(2,)"), [0, 2])) == .malformed)
  }

  @Test func missingFileIsUnreadable() {
    #expect(throws: PexError.self) { try Npy.read(path: "absent.npy") }
  }
}
