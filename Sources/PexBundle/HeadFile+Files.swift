import PexHeads
import PexTensor

extension HeadFile {
  /// Reads a head file into memory and checks all of it: nothing about it is left for later.
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it is damaged or no head file,
  ///   (unsupported) when it needs a newer pex.
  public init(path: String) throws {
    let image = try FileImage.read(path: path, limit: BundleLimits.headFileBytes)
    self = try naming(path) { try Self.read(image) }
  }

  /// Reads a head file that is in memory.
  /// - Throws: ``PexError`` as ``init(path:)``.
  public init(bytes: [UInt8], name: String = "head file") throws {
    self = try naming(name) { try Self.read(FileImage(bytes)) }
  }

  /// Writes a head file. The same contents give the same bytes. The file appears whole or not at all: see
  /// ``AtomicFile``.
  /// - Parameter overwriting: whether a file of that name is replaced.
  /// - Throws: ``PexError``: (malformed) when the contents break a rule of the specification, (cannotCreate) or
  ///   (inputOutput) when the file cannot be written.
  public func write(to path: String, overwriting: Bool = false) throws {
    let draft = try draft()
    try AtomicFile.write(to: path, overwriting: overwriting) { file in
      try draft.write { try file.write($0) }
    }
  }

  /// The file in memory.
  /// - Throws: ``PexError`` (malformed) as ``write(to:overwriting:)``.
  public func encoded() throws -> [UInt8] { try draft().bytes() }

  /// Reads the file at `path` and compares it with what pex would write for its contents. Its digests cannot be
  /// computed without the bundle; ``match(_:)`` compares them.
  /// - Returns: what was checked, in the order of the file.
  /// - Throws: ``PexError`` as ``init(path:)``.
  public static func check(path: String) throws -> [CheckedItem] {
    let image = try FileImage.read(path: path, limit: BundleLimits.headFileBytes)
    return try naming(path) { try check(image) }
  }

  /// As ``check(path:)``, of bytes in memory.
  /// - Throws: ``PexError`` as ``init(path:)``.
  public static func check(bytes: [UInt8]) throws -> [CheckedItem] { try check(FileImage(bytes)) }

  private static func check(_ image: FileImage) throws -> [CheckedItem] {
    let file = try read(image)
    let container = try Container(image, kind: .head)
    for section in container.sections { try container.verify(section, in: image) }
    try image.compare(with: file.draft())
    return container.sections.map { section in
      let tensors = file.heads.reduce(0) { $0 + $1.head.parameters.count }
      return CheckedItem(
        section: section.kind.name,
        what: section.kind.holdsTensors
          ? "checksums of \(tensors) tensors, numbers finite" : "checksum, canonical encoding")
    }
  }

  private static func read(_ image: FileImage) throws -> HeadFile {
    let container = try Container(image, kind: .head)
    let reader = SectionReader(container: container, image: image)
    let message: Pex_Heads = try reader.require(.heads)
    try BundleLimits.require(message.heads.count, "heads", BundleLimits.exits, SectionKind.heads.name)
    var row = try reader.row(.headTensors)
    let heads = try message.heads.map { try PersonalHead($0, &row, in: image) }
    for head in heads {
      try container.require(
        version: head.head.specification.since, for: "\(SectionKind.heads.name): head \(head.exit)")
    }
    try row.finish()
    let policy: PolicyRecord? = try reader.message(.policy).map {
      try PolicyRecord($0, exits: message.heads.map { Int($0.exit) } + message.baseHeads.map { Int($0.exit) })
    }
    let file = try HeadFile(message, heads: heads, policy: policy)
    try file.validate()
    try container.require(version: file.since, for: SectionKind.heads.name)
    return file
  }

  private func draft() throws -> ContainerDraft {
    try validate()
    var message = Pex_Heads()
    message.producer = producer
    message.classes = classes
    message.prior = prior ?? []
    message.baseClasses = UInt32(clamping: baseClassCount)
    message.trunkStorage = UInt32(trunkStorage.rawValue)
    message.preprocessingDigest = .init(preprocessingDigest.bytes)
    message.heads = heads.map(\.message)
    if let trunkDigest { message.trunkDigest = .init(trunkDigest.bytes) }
    if let lastResort { message.lastResort = lastResort.message }
    message.baseHeads = baseHeads.map(\.message)
    if let origin { message.origin = origin.message }
    var sections = [
      SectionDraft(
        kind: .heads, content: .message(try message.canonicalBytes(.heads)),
        since: since)
    ]
    if let message = policy?.message {
      sections.append(SectionDraft(kind: .policy, content: .message(try message.canonicalBytes(.policy))))
    }
    sections.append(SectionDraft(kind: .headTensors, content: .tensors(heads.flatMap(\.head.parameters))))
    return try ContainerDraft(.head, sections)
  }
}

extension PersonalHead {
  fileprivate var message: Pex_PersonalHead {
    var message = Pex_PersonalHead()
    message.exit = UInt32(clamping: exit)
    message.prefixDigest = .init(prefixDigest.bytes)
    message.structureDigest = .init(structureDigest.bytes)
    message.enabled = isEnabled
    message.head = record(checksums: head.parameters.map(\.checksum)).message
    message.earlierDigests = earlierDigests.map { .init($0.bytes) }
    if let own = branchDigests.last { message.branchDigest = .init(own.bytes) }
    message.earlierBranchDigests = branchDigests.dropLast().map { .init($0.bytes) }
    return message
  }

  fileprivate init(_ message: Pex_PersonalHead, _ row: inout TensorRow, in image: FileImage) throws {
    let place = "\(SectionKind.heads.name): head \(message.exit)"
    let record = try HeadRecord(message.head, place, in: .headFile)
    let first = row.entries.count
    guard let parameters = try record.tensors(&row, place: "head \(message.exit)", in: image, .headFile) else {
      throw BundleFault.value("tensors", expected: "a trained head", found: "none").error(place)
    }
    for index in parameters.indices { try row.verify(first + index, in: image) }
    self.init(
      exit: Int(message.exit), prefixDigest: try Digest(stored: message.prefixDigest, "prefix digest", .heads),
      structureDigest: try Digest(stored: message.structureDigest, "structure digest", .heads),
      earlierDigests: try message.earlierDigests.map { try Digest(stored: $0, "digest of an earlier tap", .heads) },
      branchDigests: try
        (message.earlierBranchDigests
        + (message.branchDigest.isEmpty ? [] : [message.branchDigest]))
        .map { try Digest(stored: $0, "digest of a branch", .heads) },
      head: try naming(place) {
        try Head(record.specification, parameters: parameters, temperature: record.temperature)
      },
      threshold: record.threshold, isEnabled: message.enabled)
  }
}
