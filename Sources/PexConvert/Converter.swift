import PexBundle
import PexData
import PexExits
import PexGraph
import PexHeads
import PexPasses
import PexTensor

/// Turns a source model into the contents of a bundle.
public struct Converter: Sendable {
  /// What a conversion did.
  public struct Result: Sendable {
    /// What the bundle will hold.
    public var contents: BundleContents
    /// The exits that were placed, by depth.
    public var exits: [ExitPlacement]
    /// Nodes as imported, before any pass.
    public var importedNodes: Int
    /// What the passes changed; empty for a model that was canonical already.
    public var changes: [(pass: String, count: Int)]
    /// Places of numbers that became infinite in a narrower storage.
    public var warnings: [String]
  }

  /// Makes an imported graph canonical.
  /// - Throws: ``PexError`` (malformed) naming a constant that holds NaN or infinities; whatever a pass throws.
  public static func canonical(_ source: ModelSource) throws -> (graph: Graph, report: Pipeline.Report) {
    var graph = source.graph
    var report = Pipeline.Report()
    if case .imported = source { report = try Pipeline.canonical().run(on: &graph) }
    for id in graph.values.indices.map(ValueID.init) {
      guard let constant = graph[id].constant, !constant.isFinite else { continue }
      throw PexError(.malformed, "constant '\(graph[id].name)' holds numbers that are not finite (NaN or infinity)")
    }
    return (graph, report)
  }

  /// Converts a model.
  /// - Throws: ``PexError``: (usage) when exits do not exist or labels do not fit, (malformed) when the model holds
  ///   numbers that are not finite, (unsupported) when it has no classes that heads could tell apart.
  public static func convert(_ source: ModelSource, _ options: ConversionOptions) throws -> Result {
    var (graph, report) = try canonical(source)
    let (request, kinds) = wanted(options, source)
    let points = ExitPoint.all(in: graph)
    let placements = try ExitPlacement.place(
      request, kind: options.headKind, kinds: kinds, points: points, in: graph)
    if let labels = options.labels { try check(labels, graph) }
    if let preprocessing = options.preprocessing { try check(preprocessing, graph) }
    var warnings = options.storage == .float16 ? try narrow(&graph) : []
    let named = placements.map(\.point).filter { $0.number > points.count }.sorted { $0.number < $1.number }
    let trunk = try Trunk(graph, exitPoints: points.map(\.value), named: named.map(\.value))
    var contents = BundleContents(trunk: trunk)
    contents.exits = placements.map { ExitRecord(exit: $0.point.number, specification: $0.head) }
      .sorted { $0.exit < $1.exit }
    contents.labels = options.labels
    contents.preprocessing = options.preprocessing?.record
    switch source {
    case .imported(let model): contents.producer = model.producer
    case .bundle(let bundle): warnings += keep(bundle.contents, in: &contents)
    }
    return Result(
      contents: contents, exits: placements, importedNodes: source.graph.nodes.count, changes: report.changes,
      warnings: warnings)
  }

  /// The exits to place: a bundle's own, with their kinds of heads, when nothing else is asked for.
  private static func wanted(
    _ options: ConversionOptions, _ source: ModelSource
  ) -> (ExitRequest?, [Int: HeadKind]) {
    guard case .bundle(let bundle) = source, options.exits == nil else { return (options.exits, options.headKinds) }
    let trunk = bundle.contents.trunk
    let names = bundle.contents.exits.compactMap { exit in
      trunk.exitPoint(exit.exit).map { trunk.graph[$0.value].name }
    }
    let kinds = bundle.contents.exits.map { ($0.exit, $0.specification.kind) }
    let kept = Dictionary(kinds, uniquingKeysWith: { first, _ in first })
    return (names.isEmpty ? ExitRequest.none : .names(names), options.headKinds.isEmpty ? kept : options.headKinds)
  }

  /// What a bundle already knew stays where the new one says nothing else and has the same trunk.
  /// - Returns: what the user should know of what does not stay.
  private static func keep(_ old: BundleContents, in new: inout BundleContents) -> [String] {
    new.producer = old.producer
    new.labels = new.labels ?? old.labels
    new.preprocessing = new.preprocessing ?? old.preprocessing
    if new.trunk.digest == old.trunk.digest {
      // Points that users name come and go, and their numbers with them.
      let same = Set(
        zip(new.trunk.exitPoints, old.trunk.exitPoints).filter { $0.prefixDigest == $1.prefixDigest }.map(\.0.number))
      new.exits = new.exits.map { exit in
        let taps = [exit.exit] + exit.specification.earlier.map(\.exit)
        let kept = old.exits.first { $0.exit == exit.exit && $0.specification == exit.specification }
        return same.isSuperset(of: taps) ? kept ?? exit : exit
      }
      // A branch that a head reads goes with the head of its exit: where that is lost, so is this one.
      while let index = new.exits.firstIndex(where: { !new.hasBranches(of: $0) }) {
        new.exits[index] = ExitRecord(exit: new.exits[index].exit, specification: new.exits[index].specification)
      }
      new.statistics = old.statistics.filter { same.contains($0.exit) }
    }
    let trained = Set(new.exits.filter { $0.parameters != nil }.map(\.exit))
    let lost = old.exits.filter { $0.parameters != nil && !trained.contains($0.exit) }.map { String($0.exit) }
    if lost.isEmpty { new.policy = old.policy }
    return lost.isEmpty
      ? [] : ["the trained base heads of exits \(lost.joined(separator: ", ")) and the policy are dropped"]
  }

  private static func check(_ preprocessing: Preprocessing, _ graph: Graph) throws {
    guard graph.inputs.count == 1, let map = graph[graph.inputs[0].value].type.featureMap else { return }
    do { try preprocessing.validate(channels: map.channels) } catch let error as PexError {
      throw PexError(.usage, error.message, hint: "the model's input has \(map.channels) channels")
    }
  }

  private static func check(_ labels: [String], _ graph: Graph) throws {
    guard let classes = graph.classCount else { throw PexError(.usage, "labels for a model without a classifier") }
    guard labels.count == classes else {
      throw PexError(.usage, "expected \(classes) labels, one a class, found \(labels.count)")
    }
    var seen: Set<String> = []
    for label in labels where label.isEmpty || !seen.insert(label).inserted {
      throw PexError(.usage, "label '\(label)' is empty or there twice")
    }
  }

  /// Stores every f32 constant as f16.
  private static func narrow(_ graph: inout Graph) throws -> [String] {
    var warnings: [String] = []
    for id in graph.values.indices.map(ValueID.init) where graph[id].type.dtype == .float32 {
      guard let constant = graph[id].constant else { continue }
      let half = try constant.asFloat16()
      guard half.isFinite else {
        // Out of the range of f16: this tensor stays exact, the model stays usable.
        warnings.append("constant '\(graph[id].name)' exceeds the range of f16 and stays f32")
        continue
      }
      try graph.restoreConstant(id, as: half)
    }
    return warnings
  }
}

extension BundleContents {
  /// Whether the branches that an exit's head reads are there and trained, if the head is.
  fileprivate func hasBranches(of exit: ExitRecord) -> Bool {
    exit.parameters == nil
      || exit.specification.branchExits(at: exit.exit).allSatisfy { place in
        exits.contains { $0.exit == place.exit && $0.parameters != nil && $0.specification.branch == place.branch }
      }
  }
}
