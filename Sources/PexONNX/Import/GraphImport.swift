import PexGraph
import PexTensor

/// One import: the batch is kept symbolic if the network lets it be.
struct GraphImport {
  private let outline: ModelOutline
  private let reader: TensorReader
  private let options: ImportOptions

  /// An import of a model of which every operator is supported.
  init(_ outline: ModelOutline, _ reader: TensorReader, _ options: ImportOptions) {
    self.outline = outline
    self.reader = reader
    self.options = options
  }

  /// Imports the model. A network that moves or mixes the batch is imported with its extents fixed, with a warning.
  func run() throws -> ImportedModel {
    let inputs = try ModelInputs(outline, options)
    let shapes = try InputShapes(inputs.given, overrides: options.inputShapes)
    var warnings = inputs.warnings
    if outline.opset > ModelOutline.newestOpset {
      warnings.append("opset \(outline.opset) is newer than \(ModelOutline.newestOpset), the newest one known")
    }
    if let end = outline.end { warnings.append("the network ends at '\(end)': what is behind it is left out") }
    var built: Built
    do {
      built = try build(inputs, shapes.symbolic, fileBatch: shapes.fileBatch)
    } catch let error as PexError where shapes.hasBatch && error.kind != .usage {
      do {
        built = try lifted(inputs, shapes)
      } catch let reason as PexError {
        do {
          built = try build(inputs, shapes.fixed, fileBatch: nil)
        } catch let error as PexError where shapes.changesBatch {
          throw PexError(
            .usage, "the file fixes the batch to \(shapes.fileBatch ?? 1), and another cannot be had: \(error.message)",
            hint: error.hint)
        }
        let message = (shapes.fileBatch ?? 1) == 1 ? reason.message : error.message
        warnings.append(
          "the batch is fixed to \(shapes.samples), as it is not known that the network keeps samples apart: \(message)"
        )
      }
    }
    warnings += built.warnings
    // Views that nothing reads are no nodes of the model's.
    if !inputs.channelsLast.isEmpty { built.graph.removeUnused() }
    // Those of which only the shape was asked for, or a branch that was not taken.
    warnings += built.graph.removeUnreadInputs().map { "input '\($0)' changes no number of the answer and is left out" }
    let counts = Dictionary(outline.nodes.map { ($0.op, 1) }, uniquingKeysWith: +)
    let producer = [outline.model.producerName, outline.model.producerVersion].filter { !$0.isEmpty }
    return ImportedModel(
      source: .onnx, graph: built.graph, producer: producer.joined(separator: " "), opset: outline.opset,
      operatorCounts: counts.sorted { $0.key < $1.key }.map { .init(op: $0.key, count: $0.value) },
      warnings: warnings)
  }

  /// The network with the batch in front, when that is an inner axis of some values but no sample depends on another.
  /// - Throws: ``PexError`` when it is not so, or that cannot be told.
  private func lifted(_ inputs: ModelInputs, _ shapes: InputShapes) throws -> Built {
    // What a file does with the batch that it fixes, it may not do with another.
    guard shapes.fileBatch ?? 1 == 1 else { throw PexError(.unsupported, "the file fixes the batch") }
    let one = try bare(inputs, shapes.fixed(batch: 1))
    let places: BatchPlaces
    if shapes.fileBatch == 1 {
      let names = Set(shapes.symbolic.filter { $0.dimensions.first == .batch }.map(\.name))
      places = BatchPlaces(
        single: one.graph, inputs: Set(one.graph.inputs.map(\.value).filter { names.contains(one.graph[$0].name) }))
    } else {
      let many = try bare(inputs, shapes.fixed(batch: BatchPlaces.many))
      places = try BatchPlaces(one: one.graph, many: many.graph)
    }
    var graph = try BatchLift(one.graph, places).graph
    graph.classifier = try graph.findClassifier(output: options.outputName, kind: options.outputKind)
    try graph.verify()
    return Built(graph: graph, warnings: one.warnings)
  }

  /// The network without what was made for its classifier alone: that is found anew.
  private func bare(
    _ inputs: ModelInputs, _ shapes: [(name: String, dimensions: [Dimension])]
  ) throws -> Built {
    var built = try build(inputs, shapes, fileBatch: nil)
    built.graph.classifier = nil
    built.graph.removeUnused()
    return built
  }

  /// A network, and what the user should know of it.
  private struct Built {
    var graph: Graph
    let warnings: [String]
  }

  private func build(
    _ inputs: ModelInputs, _ shapes: [(name: String, dimensions: [Dimension])], fileBatch: Int?
  ) throws -> Built {
    let builder = GraphBuilder(outline, reader.restarted(), fileBatch: fileBatch)
    for input in shapes {
      try naming("input '\(input.name)'") {
        try builder.addInput(
          input.name, input.dimensions,
          layout: inputs.channelsLast.contains(input.name) ? .channelsLast : .channelsFirst)
      }
    }
    for input in inputs.fixed {
      try naming("input '\(input.name)'") { try builder.fix(input.name, input.tensor) }
    }
    try add(outline.graph, to: builder)
    for output in outline.model.graph.outputs { try builder.addOutput(output.name) }
    return Built(graph: try builder.finish(options), warnings: builder.warnings)
  }

  /// Adds the nodes of the model's graph or of a branch.
  func add(_ graph: GraphOutline, to builder: GraphBuilder) throws {
    for node in graph.nodes {
      try naming("node '\(node.name)' (\(node.op))") {
        if node.branches != nil { return try addBranch(of: node, to: builder) }
        try add(node, readers: graph.readers, to: builder)
      }
    }
  }

  private func add(_ node: ONNXNode, readers: [String: Int], to builder: GraphBuilder) throws {
    let opset = node.opset ?? outline.opset
    guard node.domain.isEmpty, let row = OperatorTable.row(node.op, opset: opset) else {
      // Only inside a branch that was taken though another one could have been imported.
      throw PexError(.unsupported, "the operator is not supported at opset \(opset)")
    }
    let inputs = try node.inputs.map { $0.isEmpty ? nil : try builder.value(named: $0) }
    let reader = try NodeReader(node, inputs: inputs, opset: opset)
    let results = try row.function(reader, builder)
    try reader.finish()
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      if index < results.count {
        builder.set(name, results[index])
      } else if readers[name] != nil {
        throw PexError(.unsupported, "output \(index) ('\(name)') is read; only the first \(results.count) can be")
      }
    }
  }
}
