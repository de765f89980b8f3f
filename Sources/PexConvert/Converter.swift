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

  /// Makes an imported graph canonical; a bundle's is already.
  /// - Parameter choice: which output of a bundle answers, where it is to be another.
  /// - Throws: ``PexError``: (malformed) naming a constant that holds NaN or infinities, (usage) when the choice cannot be;
  ///   whatever a pass throws.
  public static func canonical(
    _ source: ModelSource, _ choice: ClassifierChoice = ClassifierChoice()
  ) throws -> (graph: Graph, report: Pipeline.Report) {
    var graph = source.graph
    var report = Pipeline.Report()
    switch source {
    case .imported: report = try Pipeline.canonical().run(on: &graph)
    case .bundle: try choose(choice, in: &graph)
    }
    for id in graph.values.indices.map(ValueID.init) {
      guard let constant = graph[id].constant, !constant.isFinite else { continue }
      throw PexError(.malformed, "constant '\(graph[id].name)' holds numbers that are not finite (NaN or infinity)")
    }
    return (graph, report)
  }

  /// Converts a model. Of a bundle stays what the options say nothing of and what still fits.
  /// - Throws: ``PexError``: (usage) when exits do not exist or labels do not fit, (malformed) when the model holds
  ///   numbers that are not finite.
  public static func convert(_ source: ModelSource, _ options: ConversionOptions) throws -> Result {
    var (graph, report) = try canonical(source, options.classifier)
    try takeTwoLabels(options, &graph)
    try check(options, source, graph)
    let request = exits(options, source)
    let places = try Places(request, in: graph)
    let pictures = try PictureChoice(options, source, graph)
    var warnings = pictures.warnings
    if !isSaid(source, options) { warnings += notes(of: graph, options, places, isAsked: request != nil) }
    if options.storage == .float16 { warnings += try narrow(&graph) }
    let classes = classes(options, source, graph)
    var contents = BundleContents(
      trunk: try Trunk(graph, exitPoints: places.points.map(\.value), named: places.named.map(\.value)),
      labels: options.labels, preprocessing: pictures.record)
    let placements: [ExitPlacement]
    switch source {
    case .imported(let model):
      placements = try ExitPlacement.place(
        at: places.chosen, kind: options.headKind ?? .linear, kinds: options.headKinds, classes: classes, in: graph)
      contents.exits = records(placements)
      contents.producer = model.producer
    case .bundle(let bundle):
      let old = bundle.contents
      contents.preprocessing = contents.preprocessing ?? old.preprocessing
      let standing = try StandingHeads(old, in: contents, places, options)
      placements = try ExitPlacement.place(
        at: places.chosen, kind: options.headKind ?? .linear, kinds: standing.kinds(old, places, options),
        standing: standing.records.mapValues(\.specification), classes: classes, in: graph)
      contents.exits = records(placements, standing.records)
      warnings += try keep(old, standing, in: &contents)
    }
    return Result(
      contents: contents, exits: placements, importedNodes: source.graph.nodes.count, changes: report.changes,
      warnings: warnings)
  }

  /// The exits as a bundle holds them.
  /// - Parameter standing: heads that stand there already.
  private static func records(_ placements: [ExitPlacement], _ standing: [Int: ExitRecord] = [:]) -> [ExitRecord] {
    placements.map { standing[$0.point.number] ?? ExitRecord(exit: $0.point.number, specification: $0.head) }
      .sorted { $0.exit < $1.exit }
  }

  /// The exits to place: a bundle's own when nothing else is asked for.
  private static func exits(_ options: ConversionOptions, _ source: ModelSource) -> ExitRequest? {
    guard options.exits == nil, case .bundle(let bundle) = source else { return options.exits }
    return exits(of: bundle)
  }

  private static func check(_ options: ConversionOptions, _ source: ModelSource, _ graph: Graph) throws {
    if case .bundle(let bundle) = source { try check(options.storage, of: bundle) }
    if let labels = options.labels { try check(labels, graph) }
  }

  private static func check(_ labels: [String], _ graph: Graph) throws {
    try checkCount(of: labels, graph)
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
