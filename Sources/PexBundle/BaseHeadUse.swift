import PexHeads
import PexTensor

/// A base head of the bundle, limited to the person's classes, as one of the person's heads: the head file holds no numbers
/// of it, only which head it is.
public struct BaseHeadUse: Hashable, Sendable {
  /// The number of its exit when the file was made. For people, and for ``PolicyRecord/thresholds``; the digest decides.
  public var exit: Int
  /// The prefix digest of its tap.
  public var prefixDigest: Digest
  /// What it computes there; see ``PexHeads/Head/digest(behind:)``.
  public var headDigest: Digest
  /// What its logits are divided by for this person.
  public var temperature: Float
  /// The number that the policy compares with at this exit.
  public var threshold: Float?

  /// The use of a bundle's base head.
  /// - Throws: ``PexError`` (defect) when the exit has no trained base head.
  public init(
    _ head: Head?, for trunk: Trunk, exit: Int, temperature: Float, threshold: Float? = nil
  ) throws {
    guard let point = trunk.exitPoint(exit), let head else {
      throw PexError(.defect, "exit \(exit) has no base head to use")
    }
    self.init(
      exit: exit, prefixDigest: point.prefixDigest, headDigest: try head.digest(behind: point.prefixDigest),
      temperature: temperature, threshold: threshold)
  }

  private init(exit: Int, prefixDigest: Digest, headDigest: Digest, temperature: Float, threshold: Float?) {
    (self.exit, self.prefixDigest, self.headDigest) = (exit, prefixDigest, headDigest)
    (self.temperature, self.threshold) = (temperature, threshold)
  }
}

extension BaseHeadUse {
  /// - Throws: ``PexError`` (malformed) when a number is out of range.
  func validate() throws {
    let section = SectionKind.heads.name
    guard (1...BundleLimits.exits).contains(exit), temperature > 0, temperature.isFinite,
      threshold.map({ $0 >= 0 && $0.isFinite }) ?? true
    else {
      throw BundleFault.value(
        "base head \(exit)", expected: "an exit, a positive temperature and a threshold of at least 0",
        found: "\(temperature), \(threshold ?? 0)"
      ).error(section)
    }
  }

  var message: Pex_BaseHeadUse {
    var message = Pex_BaseHeadUse()
    message.exit = UInt32(clamping: exit)
    message.prefixDigest = .init(prefixDigest.bytes)
    message.headDigest = .init(headDigest.bytes)
    message.temperature = temperature
    if let threshold { message.threshold = threshold }
    return message
  }

  /// - Throws: ``PexError`` (malformed) when a digest has another length.
  init(_ message: Pex_BaseHeadUse) throws {
    self.init(
      exit: Int(message.exit), prefixDigest: try Digest(stored: message.prefixDigest, "prefix digest", .heads),
      headDigest: try Digest(stored: message.headDigest, "digest of a base head", .heads),
      temperature: message.temperature, threshold: message.hasThreshold ? message.threshold : nil)
  }
}

extension Head {
  /// What the head computes behind a tap, whatever its exit and its classes are called: its kind, what it reads, its numbers
  /// and those of the branches that it reads.
  public func digest(behind prefix: Digest) throws -> Digest {
    var writer = DigestWriter(tag: "pex.basehead.1")
    writer.add(specification.kind.rawValue)
    writer.add([specification.channels] + specification.spatial)
    writer.add(specification.earlier.count)
    for tap in specification.earlier { writer.add([tap.exit, tap.channels]) }
    writer.add(parameters.count)
    for tensor in parameters {
      writer.add(tensor.shape.dimensions)
      tensor.withBytes { writer.add(bytes: $0) }
    }
    writer.add(branches.count)
    for branch in branches { writer.add(try branch.digest(behind: prefix)) }
    return writer.finish()
  }
}
