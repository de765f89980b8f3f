import PexData
import PexTensor
import Testing

@Suite struct NpzTests {
  private func read(_ bytes: [UInt8], names: Set<String>? = nil, limit: Int = 1 << 20) throws -> [String: Tensor] {
    try bytes.withUnsafeBytes { try Npz.read(bytes: $0, name: "test", names: names, limit: limit) }
  }

  @Test func storedArraysAreRead() throws {
    let arrays = try Npz.read(path: Fixture.path("stored.npz"), names: ["x", "y", "absent"])
    #expect(Set(arrays.keys) == ["x", "y"])
    #expect(arrays["x"]?.shape.dimensions == [2, 3, 2, 2])
    #expect(arrays["x"]?.floats == (0..<24).map { Float($0) / 4 })
    #expect(arrays["y"]?.integers == [1, 0])
  }

  @Test func deflatedArraysAreRead() throws {
    let arrays = try Npz.read(path: Fixture.path("deflated.npz"))
    #expect(arrays["x"]?.dtype == .float16)
    #expect(arrays["x"]?.floats == Array(repeating: 0, count: 48))
    #expect(arrays["y"]?.integers == [0, 1, 2, 1])
  }

  @Test func sizesMayHave64Bits() throws {
    let array = try Npz.read(path: Fixture.path("zip64.npz"))["x"]
    #expect(array?.floats == (0..<24).map { Float($0) / 4 })
  }

  @Test func unsupportedArrayIsNamed() {
    let error = failure { try Npz.read(path: Fixture.path("stored.npz")) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("array 'note': numbers of type '<U7'") == true)
  }

  @Test func limitHoldsForAllArraysTogether() throws {
    let bytes = try Fixture.bytes("deflated.npz")
    // Two headers of 128 bytes, 48 numbers of two bytes and four of one.
    #expect(try read(bytes, limit: 356).count == 2)
    #expect(failure { try read(bytes, limit: 355) }?.kind == .malformed)
  }

  @Test(arguments: ["stored.npz", "deflated.npz"])
  func everyTruncationIsAnError(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for length in 0..<bytes.count {
      #expect(failure { try read(Array(bytes.prefix(length))) }?.kind == .malformed, "\(length) bytes")
    }
  }

  @Test(arguments: ["stored.npz", "deflated.npz", "zip64.npz"])
  func flippedBytesNeverCrash(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for position in bytes.indices {
      for mask: UInt8 in [0x01, 0x40, 0xff] {
        var damaged = bytes
        damaged[position] ^= mask
        if let error = failure({ try read(damaged, names: ["x", "y"]) }) { #expect(error.kind == .malformed) }
      }
    }
  }

  @Test func damagedNumbersFailTheChecksum() throws {
    var bytes = try Fixture.bytes("stored.npz")
    // 3.5 as a little-endian float32 stands in the array alone.
    let place = try #require(bytes.indices.first { Array(bytes[$0...].prefix(4)) == [0, 0, 0x60, 0x40] })
    bytes[place + 2] ^= 1
    #expect(failure { try read(bytes, names: ["x"]) }?.message.contains("array 'x'") == true)
  }

  @Test func sizesThatCannotBeAreRefusedBeforeMemoryIsTaken() throws {
    var bytes = try Fixture.bytes("deflated.npz")
    // The uncompressed size lies 24 bytes into a file's entry in the directory at the end.
    let entry = try #require(bytes.indices.first { Array(bytes[$0...].prefix(4)) == [0x50, 0x4b, 1, 2] })
    for offset in 24...27 { bytes[entry + offset] = 0x7f }
    let error = failure { try read(bytes, limit: .max) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("too many for") == true)
  }

  @Test func missingAndEmptyFiles() throws {
    #expect(failure { try Npz.read(path: Fixture.path("absent.npz")) }?.kind == .unreadable)
    #expect(failure { try read([]) }?.kind == .malformed)
  }
}
