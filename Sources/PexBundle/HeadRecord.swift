import PexHeads
import PexTensor

/// What a file says about a head, base or personal, apart from its numbers.
struct HeadRecord {
  var specification: HeadSpecification
  var temperature: Float
  var threshold: Float?
  /// One a tensor of ``tensors(_:)``, or none when the head is not trained.
  var checksums: [UInt32]

  /// Whose file a head lies in.
  enum Owner {
    /// A bundle holds the branch of a base head, in front of the head.
    case bundle
    /// A head file says by digest which branch of a bundle a head reads.
    case headFile
  }

  /// The tensors that a file holds of the head.
  func tensors(_ owner: Owner) -> [HeadSpecification.Parameter] {
    (owner == .bundle ? specification.branch?.parameters ?? [] : []) + specification.parameters
  }

  /// Checks the numbers that ``HeadSpecification`` does not check.
  /// - Throws: ``PexError`` (malformed) naming the number.
  func validate(_ section: String, in owner: Owner) throws {
    guard temperature > 0, temperature.isFinite else {
      throw BundleFault.value("temperature", expected: "a positive number", found: "\(temperature)").error(section)
    }
    guard threshold.map({ $0 >= 0 && $0.isFinite }) ?? true else {
      throw BundleFault.value("threshold", expected: "a number of at least 0", found: "\(threshold ?? .nan)")
        .error(section)
    }
    guard [0, tensors(owner).count].contains(checksums.count) else {
      throw BundleFault.value(
        "head tensors", expected: "\(tensors(owner).count) or none", found: "\(checksums.count)"
      ).error(section)
    }
  }

  var message: Pex_HeadRecord {
    var message = Pex_HeadRecord()
    message.kind = specification.kind.rawValue
    message.channels = UInt32(clamping: specification.channels)
    message.spatial = specification.spatial.map { UInt32(clamping: $0) }
    message.classes = UInt32(clamping: specification.classes)
    message.hidden = UInt32(clamping: specification.hidden)
    message.temperature = temperature
    if let threshold { message.threshold = threshold }
    message.crc32C = checksums
    message.earlier = specification.earlier.map { tap in
      var message = Pex_EarlierTap()
      message.exit = UInt32(clamping: tap.exit)
      message.channels = UInt32(clamping: tap.channels)
      message.spatial = (tap.branch?.spatial ?? []).map { UInt32(clamping: $0) }
      message.branch = tap.branch?.messages ?? []
      return message
    }
    message.branch = specification.branch?.messages ?? []
    return message
  }

  init(specification: HeadSpecification, temperature: Float, threshold: Float?, checksums: [UInt32]) {
    self.specification = specification
    self.temperature = temperature
    self.threshold = threshold
    self.checksums = checksums
  }

  /// - Throws: ``PexError`` (malformed) when a number is out of range, (unsupported) when the kind is unknown.
  init(_ message: Pex_HeadRecord, _ section: String, in owner: Owner) throws {
    let kind: HeadKind = try word(message.kind, "head kind", section)
    // 0 stands for "as the tap" to the initialiser, never to a file.
    guard kind != .conv || message.hidden > 0 else {
      throw BundleFault.value("hidden channels", expected: "at least 1", found: "0").error(section)
    }
    let branch = try message.branch.map { try BranchLayer($0, section) }
    let earlier = try message.earlier.map { try EarlierTap($0, section) }
    specification = try naming(section) {
      try HeadSpecification(
        kind: kind, channels: Int(message.channels), spatial: message.spatial.map(Int.init),
        classes: Int(message.classes), hidden: Int(message.hidden),
        earlier: earlier, branch: branch)
    }
    temperature = message.temperature
    threshold = message.hasThreshold ? message.threshold : nil
    checksums = message.crc32C
    try validate(section, in: owner)
  }
}

extension HeadSpecification {
  /// The version of the format that first had such heads.
  var since: UInt32 {
    switch kind {
    case .linear, .conv: 1
    case .multitap, .prototype: branch == nil ? 3 : 5
    case .branch: branches.count == 1 ? 5 : 6
    }
  }
}

extension BranchSpecification {
  fileprivate var messages: [Pex_BranchLayer] {
    layers.map { layer in
      var message = Pex_BranchLayer()
      message.kind = layer.kind.rawValue
      message.channels = UInt32(clamping: layer.channels)
      message.stride = UInt32(clamping: layer.stride)
      return message
    }
  }
}

extension BranchLayer {
  fileprivate init(_ message: Pex_BranchLayer, _ section: String) throws {
    self.init(
      try word(message.kind, "branch layer", section), channels: Int(message.channels), stride: Int(message.stride))
  }
}

extension EarlierTap {
  fileprivate init(_ message: Pex_EarlierTap, _ section: String) throws {
    guard message.spatial.count == (message.branch.isEmpty ? 0 : 2) else {
      throw BundleFault.value(
        "earlier tap", expected: "two extents and the layers of a branch, or neither",
        found: "\(message.spatial.count) and \(message.branch.count)"
      ).error(section)
    }
    let branch = try message.branch.map { try BranchLayer($0, section) }
    self.init(
      exit: Int(message.exit), channels: Int(message.channels),
      branch: try naming(section) {
        branch.isEmpty
          ? nil
          : try BranchSpecification(
            channels: Int(message.channels), spatial: message.spatial.map(Int.init), layers: branch)
      })
  }
}
