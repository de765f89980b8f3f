import CPexChecksum

/// CRC-32C (Castagnoli, RFC 3720): finds damage, not malice.
package enum CRC32C {
  /// The checksum of `bytes`, or of `bytes` behind others whose checksum is `previous`.
  package static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
    pex_crc32c(previous, bytes.baseAddress, bytes.count)
  }

  /// The checksum of `bytes`.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }
}
