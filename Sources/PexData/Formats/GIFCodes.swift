import PexTensor

/// GIF's compression: LZW with codes of growing length, lowest bits first.
enum GIFCodes {
  private static let longest = 12

  /// Exactly `count` bytes from codes; what stands behind them is left alone.
  /// - Parameter minimum: bits of a byte, as the file has it.
  /// - Throws: ``PexError`` (malformed) when codes end before, or make no sense.
  static func decompress(_ data: [UInt8], minimum: Int, count: Int) throws -> [UInt8] {
    guard (1...8).contains(minimum) else { throw PexError(.malformed, "its codes start with \(minimum) bits") }
    // A code adds at most the 4096 bytes of the longest string: no memory is taken that so few codes cannot fill.
    guard data.count * 8 / (minimum + 1) >= count / (1 << longest) else { throw ByteReader.end }
    let clear = 1 << minimum
    var table = Table(clear: clear)
    var output: [UInt8] = []
    output.reserveCapacity(count)
    var (bits, held, width) = (0, 0, minimum + 1)
    var previous: Int?
    for byte in data {
      bits |= Int(byte) << held
      held += 8
      while held >= width {
        let code = bits & (1 << width - 1)
        bits >>= width
        held -= width
        if code == clear {
          table.reset()
          (width, previous) = (minimum + 1, nil)
          continue
        }
        guard code != clear + 1 else { throw ByteReader.end }
        try table.follow(code, after: previous, into: &output)
        if output.count >= count { return Array(output.prefix(count)) }
        previous = code
        if table.next == 1 << width, width < longest { width += 1 }
      }
    }
    throw ByteReader.end
  }

  /// The strings that codes stand for, each another string with one byte behind it.
  private struct Table {
    private let clear: Int
    private(set) var next: Int
    private var prefixes: [Int]
    private var lasts: [UInt8]
    private var lengths: [Int]

    init(clear: Int) {
      self.clear = clear
      next = clear + 2
      prefixes = [Int](repeating: 0, count: 1 << GIFCodes.longest)
      lasts = (0..<1 << GIFCodes.longest).map { UInt8(truncatingIfNeeded: $0) }
      lengths = [Int](repeating: 1, count: 1 << GIFCodes.longest)
    }

    mutating func reset() { next = clear + 2 }

    /// Appends the string of a code, and adds a new one: that of the code before with this one's first byte.
    mutating func follow(_ code: Int, after previous: Int?, into output: inout [UInt8]) throws {
      guard let previous else {
        guard code < clear else { throw PexError(.malformed, "a code stands for nothing") }
        return output.append(lasts[code])
      }
      guard code < next || (code == next && next < 1 << GIFCodes.longest) else {
        throw PexError(.malformed, "a code stands for nothing")
      }
      let known = code == next ? previous : code
      let first = append(known, into: &output)
      if code == next { output.append(first) }
      guard next < 1 << GIFCodes.longest else { return }
      (prefixes[next], lasts[next], lengths[next]) = (previous, first, lengths[previous] + 1)
      next += 1
    }

    /// Appends the string of a known code, and tells its first byte.
    private func append(_ code: Int, into output: inout [UInt8]) -> UInt8 {
      let (start, length) = (output.count, lengths[code])
      output.append(contentsOf: repeatElement(0, count: length))
      var code = code
      for place in stride(from: start + length - 1, through: start, by: -1) {
        output[place] = lasts[code]
        code = prefixes[code]
      }
      return output[start]
    }
  }
}
