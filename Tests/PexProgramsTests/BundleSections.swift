import Foundation
import Testing

/// The sections of a bundle that tests look at, by the numbers of `Schemas/BUNDLE.md`.
enum BundleSection: UInt32 {
  case trunk = 1
  case trunkTensors = 8
}

/// Where a section lies in a bundle's bytes, by its section table.
func sectionRange(_ section: BundleSection, of bytes: Data) throws -> Range<Int> {
  func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
    bytes[offset..<offset + MemoryLayout<Number>.size].reversed().reduce(0) { $0 << 8 | Number($1) }
  }
  let entries = stride(from: 32, to: 32 + 24 * Int(number(16, UInt32.self)), by: 24)
  let entry = try #require(entries.first { number($0, UInt32.self) == section.rawValue })
  let start = Int(number(entry + 8, UInt64.self))
  return start..<start + Int(number(entry + 16, UInt64.self))
}

/// A section's bytes.
func section(_ section: BundleSection, of bytes: Data) throws -> Data {
  bytes[try sectionRange(section, of: bytes)]
}
