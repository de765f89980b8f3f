import PexGraph
import PexTensor

/// A place where a head can read the trunk.
public struct ExitPointRecord: Hashable, Sendable {
  /// The exit's name everywhere: 1, 2, 3 … in the order of the list.
  public let number: Int
  /// The value that a head reads: floating-point, with spatial axes.
  public let value: ValueID
  /// Multiply-accumulates of everything that the value needs, for one sample.
  public let multiplyAccumulates: Int
  /// What a head is bound to: see ``PexGraph/Graph/prefixDigests(of:)``.
  public let prefixDigest: Digest
  /// Whether a user named the value, which is no exit point by itself. Such points follow the others.
  public let isNamed: Bool
}

/// The frozen part of a bundle: the canonical graph and every place where heads can go, with their digests.
///
/// Values are numbered as in a file: the inputs, then the constants in the order in which nodes first read them, then
/// what the nodes give. ``exitPoints`` speaks of these numbers.
public struct Trunk: Sendable {
  /// The version of the arithmetic that made the canonical graph: `Schemas/BUNDLE.md`, "canonical_version".
  public static let canonicalVersion = 1

  /// The graph, verified.
  public let graph: Graph
  /// Exit points by depth, then points that users named.
  public let exitPoints: [ExitPointRecord]
  /// The digest of all outputs together.
  public let digest: Digest
  /// Checksums that came with the constants from a file, in their order; nil for a graph that came from elsewhere.
  let storedChecksums: [UInt32]?

  /// A trunk from a canonical graph. Computes every digest, which reads all weights once.
  /// - Parameters:
  ///   - graph: any graph; its values are numbered anew.
  ///   - exitPoints: values of `graph`, by depth.
  ///   - named: further values of `graph` that heads may read because a user named them.
  /// - Throws: ``PexError`` (malformed) when the graph breaks a promise or more than the format allows, or a point
  ///   is not a feature map that the graph computes.
  public init(_ graph: Graph, exitPoints: [ValueID] = [], named: [ValueID] = []) throws {
    try graph.verify()
    let (numbered, numbers) = try graph.numberedForFile()
    let values = try (exitPoints + named).map { point in
      guard let value = numbers[point] else { throw BundleFault.reference("value", point.index).error("exits") }
      return value
    }
    let digests = try numbered.allDigests(of: values)
    let records = zip(values, digests.prefixes).enumerated().map { index, point in
      ExitPointRecord(
        number: index + 1, value: point.0, multiplyAccumulates: numbered.cost(of: [point.0]).multiplyAccumulates,
        prefixDigest: point.1, isNamed: index >= exitPoints.count)
    }
    try self.init(stored: numbered, exitPoints: records, digest: digests.trunk, checksums: nil)
  }

  /// A trunk as a file states it. Digests and costs are taken as they are; ``BundleFile/check()`` computes them anew.
  /// - Throws: ``PexError`` (malformed) when the graph breaks a promise, its values are not numbered as they must be,
  ///   or a point is not a feature map.
  init(stored graph: Graph, exitPoints: [ExitPointRecord], digest: Digest, checksums: [UInt32]?) throws {
    self.graph = graph
    self.exitPoints = exitPoints
    self.digest = digest
    storedChecksums = checksums
    try validate()
  }

  /// The exit point of that number, or nil.
  public func exitPoint(_ number: Int) -> ExitPointRecord? {
    exitPoints.indices.contains(number - 1) ? exitPoints[number - 1] : nil
  }

  /// The constants in the order in which files hold them.
  public var constants: [ValueID] { graph.values.indices.filter { graph.values[$0].constant != nil }.map(ValueID.init) }

  /// The narrowest floating-point type in which weights are stored: what "the f16 storage of a model" means.
  public var storage: DType {
    let found = Set(graph.values.compactMap(\.constant?.dtype))
    return [.int8, .uint8, .float16, .bfloat16, .float32].first(where: found.contains) ?? .float32
  }

  /// How many classes the classifier tells apart; nil when the trunk has none.
  public var classCount: Int? {
    guard let classifier = graph.classifier, classifier.kind != .none else { return nil }
    return graph[classifier.logits].type.dimensions.last?.perSample
  }

  private func validate() throws {
    let section = SectionKind.exits.name
    try graph.verify()
    try BundleLimits.require(exitPoints.count, "exit points", BundleLimits.exits, section)
    let computed = Set(graph.nodes.flatMap(\.outputs))
    var seen: Set<ValueID> = []
    for (index, point) in exitPoints.enumerated() {
      guard computed.contains(point.value), seen.insert(point.value).inserted else {
        throw BundleFault.reference("exit point \(index + 1): value", point.value.index).error(section)
      }
      guard graph[point.value].type.tap != nil else {
        throw BundleFault.value(
          "exit point \(index + 1)", expected: "[N,C] or [N,C,spatial…]", found: "\(graph[point.value].type)"
        ).error(section)
      }
      guard point.number == index + 1, point.isNamed || index == 0 || !exitPoints[index - 1].isNamed else {
        throw BundleFault.value(
          "exit point \(index + 1)", expected: "numbers in order, named points last", found: "another order"
        ).error(section)
      }
    }
  }
}
