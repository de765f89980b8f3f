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
    if case .onnx = source { report = try Pipeline.canonical().run(on: &graph) }
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
    let placements = try ExitPlacement.place(
      options.exits, kind: options.headKind, kinds: options.headKinds, in: graph)
    let points = ExitPoint.all(in: graph)
    if let labels = options.labels { try check(labels, graph) }
    let warnings = options.storage == .float16 ? try narrow(&graph) : []
    let named = placements.map(\.point).filter { $0.number > points.count }.sorted { $0.number < $1.number }
    let trunk = try Trunk(graph, exitPoints: points.map(\.value), named: named.map(\.value))
    var contents = BundleContents(trunk: trunk)
    contents.exits = placements.map { ExitRecord(exit: $0.point.number, specification: $0.head) }
      .sorted { $0.exit < $1.exit }
    contents.labels = options.labels
    contents.preprocessing = options.preprocessing?.record
    switch source {
    case .onnx(let model):
      contents.producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    case .bundle(let bundle): keep(bundle.contents, in: &contents)
    }
    return Result(
      contents: contents, exits: placements, importedNodes: source.graph.nodes.count, changes: report.changes,
      warnings: warnings)
  }

  /// What a bundle already knew stays where the new one says nothing else and has the same trunk.
  private static func keep(_ old: BundleContents, in new: inout BundleContents) {
    new.producer = old.producer
    new.labels = new.labels ?? old.labels
    new.preprocessing = new.preprocessing ?? old.preprocessing
    guard new.trunk.digest == old.trunk.digest else { return }
    new.exits = new.exits.map { exit in
      old.exits.first { $0.exit == exit.exit && $0.specification == exit.specification } ?? exit
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
