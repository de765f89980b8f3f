import PexTensor
import SwiftProtobuf

/// A message that is the whole of a section.
typealias CanonicalMessage = SwiftProtobuf.Message

extension SwiftProtobuf.Message {
  /// The message in a section, which must be written exactly as ``canonicalBytes(_:)`` writes it.
  /// - Throws: ``PexError`` (malformed) when it is no message or has another encoding, (unsupported) when it has fields
  ///   that this version does not know.
  init(canonical bytes: [UInt8], _ section: SectionKind) throws {
    var options = BinaryDecodingOptions()
    // The schema itself is four messages deep; only unknown fields could go deeper.
    options.messageDepthLimit = 8
    options.discardUnknownFields = true
    guard let message = try? Self(serializedBytes: bytes, options: options) else {
      throw BundleFault.undecodable.error(section.name)
    }
    if try message.canonicalBytes(section) != bytes {
      options.discardUnknownFields = false
      let whole = try? Self(serializedBytes: bytes, options: options).serializedBytes() as [UInt8]
      throw (whole == bytes ? BundleFault.unknownFields : .notCanonical).error(section.name)
    }
    self = message
  }

  /// The one encoding of this message.
  /// - Throws: ``PexError`` (malformed) when it is larger than a section may be.
  func canonicalBytes(_ section: SectionKind) throws -> [UInt8] {
    guard let bytes = try? serializedBytes() as [UInt8] else {
      throw PexError(.defect, "\(section.name): cannot be encoded")
    }
    guard bytes.count <= BundleLimits.messageBytes else {
      throw BundleFault.size(UInt64(bytes.count), limit: UInt64(BundleLimits.messageBytes)).error(section.name)
    }
    return bytes
  }
}
