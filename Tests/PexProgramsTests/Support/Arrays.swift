import Foundation

/// Writes `.npy` and `.npz` files, and reads what `--save-outputs` writes.
enum Arrays {
  /// An array of float32.
  static func npy(_ shape: [Int], _ numbers: [Float]) -> Data {
    header("<f4", shape) + numbers.reduce(into: Data()) { append($1.bitPattern, to: &$0) }
  }

  /// An array of int64.
  static func npy(_ shape: [Int], integers: [Int64]) -> Data {
    header("<i8", shape) + integers.reduce(into: Data()) { append($1, to: &$0) }
  }

  private static func header(_ type: String, _ shape: [Int]) -> Data {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
    // Ten bytes stand before the text, and both together fill 64-byte blocks.
    text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
    append(UInt16(text.utf8.count), to: &data)
    return data + Data(text.utf8)
  }

  /// A zip file with the arrays, stored without compression.
  static func npz(_ arrays: [(name: String, data: Data)]) -> Data {
    var file = Data()
    var directory = Data()
    for (name, data) in arrays {
      var entry = Data()
      for word in [20, 0, 0, 0, 0] as [UInt16] { append(word, to: &entry) }
      append(crc32(data), to: &entry)
      for _ in 0..<2 { append(UInt32(data.count), to: &entry) }
      append(UInt16(name.utf8.count), to: &entry)
      append(UInt16(0), to: &entry)
      let offset = file.count
      file += Data("PK\u{3}\u{4}".utf8) + entry + Data(name.utf8) + data
      directory += Data("PK\u{1}\u{2}".utf8) + Data([20, 0]) + entry
      for word in [0, 0, 0, 0, 0] as [UInt16] { append(word, to: &directory) }
      append(UInt32(offset), to: &directory)
      directory += Data(name.utf8)
    }
    var end = Data("PK\u{5}\u{6}".utf8)
    for word in [0, 0, arrays.count, arrays.count] { append(UInt16(word), to: &end) }
    append(UInt32(directory.count), to: &end)
    append(UInt32(file.count), to: &end)
    append(UInt16(0), to: &end)
    return file + directory + end
  }

  private static func crc32(_ data: Data) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in data {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = sum & 1 == 1
        sum >>= 1
        if isOdd { sum ^= 0xedb8_8320 }
      }
    }
    return ~sum
  }

  private static func append(_ value: some FixedWidthInteger, to data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }

  /// The last `count` float32 of an `.npy` file, bit by bit: numbers that compare equal can still differ.
  static func bits(_ data: Data, last count: Int) -> [UInt32] {
    let bytes = [UInt8](data.suffix(4 * count))
    return stride(from: 0, to: bytes.count - 3, by: 4).map { index in
      (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) }
    }
  }

  /// Numbers between 0 and 1 that are the same every time.
  static func noise(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
  }
}
