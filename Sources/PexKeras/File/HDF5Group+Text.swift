import CHDF5
import PexTensor

extension HDF5Group {
  /// The most bytes that an attribute may have: an architecture has some hundred kilobytes.
  private static let byteLimit = 1 << 26
  /// The most strings that an attribute may have.
  private static let countLimit = 1 << 20

  /// A text, fixed or of variable length, in bytes or UTF-8; nil when there is no such attribute.
  /// - Throws: ``PexError`` (malformed) when it is none, too long or cannot be read.
  func text(_ name: String) throws -> String? {
    guard let texts = try strings(name) else { return nil }
    guard texts.count == 1, let text = texts.first else {
      throw PexError(.malformed, "\(place(name)): expected one text, found \(texts.count)")
    }
    return text
  }

  /// A list of names. Keras splits one that is longer than an HDF5 header over `name0`, `name1` and so on.
  /// - Returns: nil when there is no such attribute, whole or split.
  /// - Throws: ``PexError`` (malformed) as ``text(_:)``.
  func texts(_ name: String) throws -> [String]? {
    if let whole = try strings(name) { return whole }
    var all: [String]?
    var part = 0
    while let next = try strings("\(name)\(part)") {
      all = (all ?? []) + next
      part += 1
      guard all?.count ?? 0 <= Self.countLimit else { throw tooLong(name) }
    }
    return all
  }

  private func strings(_ name: String) throws -> [String]? {
    var about = pex_hdf5_attribute()
    let attribute = pex_hdf5_open_attribute(id, name, &about)
    guard attribute != Int64(PEX_HDF5_MISSING) else { return nil }
    guard attribute >= 0 else { throw Self.failure(place(name)) }
    defer { pex_hdf5_close_attribute(attribute) }
    // An empty list of names has the type that NumPy gives an empty array.
    if about.count == 0 { return [] }
    guard about.is_string else { throw PexError(.malformed, "\(place(name)): expected text, found numbers") }
    guard about.count <= Self.countLimit else { throw tooLong(name) }
    return about.is_variable ? try variable(attribute, about, name) : try fixed(attribute, about, name)
  }

  private func fixed(_ attribute: Int64, _ about: pex_hdf5_attribute, _ name: String) throws -> [String] {
    let (total, overflow) = about.size.multipliedReportingOverflow(by: about.count)
    guard !overflow, total <= Self.byteLimit, about.size > 0 else { throw tooLong(name) }
    var bytes = [UInt8](repeating: 0, count: Int(total))
    guard pex_hdf5_read_fixed(attribute, &bytes) >= 0 else { throw Self.failure(place(name)) }
    return try stride(from: 0, to: bytes.count, by: Int(about.size)).map { start in
      // Padded with zeros or cut at the first one.
      try decoded(bytes[start..<start + Int(about.size)].prefix { $0 != 0 }, name)
    }
  }

  private func variable(_ attribute: Int64, _ about: pex_hdf5_attribute, _ name: String) throws -> [String] {
    final class Collected {
      var texts: [[UInt8]] = []
      var room = HDF5Group.byteLimit
    }
    let collected = Collected()
    let status = pex_hdf5_read_variable(attribute, about.count, Unmanaged.passUnretained(collected).toOpaque()) {
      context, text, length in
      guard let context, let text else { return }
      let collected = Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue()
      guard length <= collected.room else { return }
      collected.room -= length
      collected.texts.append(Array(UnsafeRawBufferPointer(start: text, count: length)))
    }
    guard status >= 0 else { throw Self.failure(place(name)) }
    guard collected.texts.count == Int(about.count) else { throw tooLong(name) }
    return try collected.texts.map { try decoded($0, name) }
  }

  private func decoded(_ bytes: some Collection<UInt8>, _ name: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PexError(.malformed, "\(place(name)): expected text in UTF-8")
    }
    return text
  }

  private func tooLong(_ name: String) -> PexError {
    PexError(.malformed, "\(place(name)): is longer than \(Self.byteLimit) bytes or \(Self.countLimit) texts")
  }

  private func place(_ name: String) -> String { "\(path.isEmpty ? "" : "\(path): ")attribute '\(name)'" }
}
