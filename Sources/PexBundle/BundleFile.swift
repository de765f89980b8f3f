import PexGraph
import PexHeads
import PexTensor

/// An open bundle: its contents, with tensors used in place, and the means to check them.
///
/// Opening checks the header, the section table, every message and the whole graph, but reads no tensor. Before the
/// first use of a tensor somebody has to call ``verify(constant:)``; ``baseHead(at:)`` does so itself. The file must
/// not be changed or cut short while it is open; replacing it, as every save of pex does, is no change.
public final class BundleFile: Sendable {
  /// What the bundle holds.
  public let contents: BundleContents
  /// The path as it was given, or `bundle` for bytes in memory. For messages.
  public let name: String
  let image: FileImage
  let trunkRow: TensorRow
  let headRow: TensorRow

  /// Opens a file in place.
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it is damaged or no bundle,
  ///   (unsupported) when it needs a newer pex.
  public convenience init(path: String) throws {
    let file = try MappedFile(path: path)
    try self.init(FileImage(mapped: file), name: path)
  }

  /// Opens a file that is mapped already.
  /// - Throws: ``PexError`` as ``init(path:)``.
  package convenience init(file: MappedFile) throws { try self.init(FileImage(mapped: file), name: file.path) }

  /// Opens a bundle that is in memory; its tensors are copied.
  /// - Throws: ``PexError`` as ``init(path:)``.
  public convenience init(bytes: [UInt8], name: String = "bundle") throws {
    try self.init(FileImage(bytes), name: name)
  }

  private init(_ image: FileImage, name: String) throws {
    self.image = image
    self.name = name
    (contents, trunkRow, headRow) = try naming(name) {
      let container = try Container(image, kind: .bundle)
      return try BundleContents.read(container, image)
    }
  }

  /// The trunk's graph.
  public var graph: Graph { contents.trunk.graph }

  /// Checks one constant of the graph: its bytes against their checksum, and that the padding behind it is zero. Some
  /// 20 GB/s when the file is in memory. Values that are not constants have nothing to check.
  /// - Throws: ``PexError`` (malformed) naming the tensor.
  public func verify(constant id: ValueID) throws {
    guard graph.values.indices.contains(id.index), graph[id].constant != nil else { return }
    graph[id].constant.map { $0.populate(0..<$0.byteCount) }
    try naming(name) { try trunkRow.verify(id.index - graph.inputs.count, in: image) }
  }

  /// Gives the memory of a constant's bytes back to the system, when they are a file's: they are read again when they
  /// are needed.
  public func release(constant id: ValueID) {
    guard graph.values.indices.contains(id.index), graph[id].constant != nil else { return }
    if let range = trunkRow.range(id.index - graph.inputs.count) { image.release(range) }
  }

  /// The base head of an exit, checked; nil when it is not trained or there is no exit of that number.
  /// - Throws: ``PexError`` (malformed) when its bytes are damaged or hold numbers that are not finite.
  public func baseHead(at exit: Int) throws -> Head? {
    guard let record = contents.exits.first(where: { $0.exit == exit }) else { return nil }
    // All that the head is made of: its own tensors, and the branches of other exits that it reads.
    let read = Set([exit] + record.specification.branchExits(at: exit).map(\.exit))
    return try naming(name) {
      var first = 0
      for record in contents.exits {
        let count = record.tensors.count
        if read.contains(record.exit) { for index in 0..<count { try headRow.verify(first + index, in: image) } }
        first += count
      }
      return try naming("exit \(exit)") { try contents.head(at: exit) }
    }
  }

  /// The digest of the bundle's preprocessing, which heads carry.
  /// - Throws: ``PexError`` (malformed), which a bundle that could be opened never does.
  public func preprocessingDigest() throws -> Digest { try PreprocessingRecord.digest(of: contents.preprocessing) }
}
