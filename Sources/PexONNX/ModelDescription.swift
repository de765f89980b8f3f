import PexGraph
import PexTensor

extension ONNXImporter {
  /// What a file says of itself.
  /// - Throws: ``PexError`` when the file is missing, damaged or ill-formed.
  public static func describe(path: String) throws -> ModelDescription {
    let file = try MappedFile(path: path)
    return try naming(path) { ModelDescription(try ModelOutline(try ONNXModel(.file(file)))) }
  }
}

extension ModelDescription {
  init(_ outline: ModelOutline) {
    let model = outline.model
    let unsupported = OperatorTable.unsupported(outline)
    var obstacles = [unsupported.error].compactMap(\.self)
    do {
      // Each by itself, so that all are told.
      for input in try ModelInputs(outline, ImportOptions()).given {
        do { _ = try InputShapes([input], overrides: [:]) } catch let error as PexError { obstacles.append(error) }
      }
    } catch let error as PexError { obstacles.append(error) } catch {}
    self.init(
      producer: [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " "),
      opset: outline.opset, inputs: outline.inputs.map(Port.init), outputs: model.graph.outputs.map(Port.init),
      operatorCounts: Dictionary(outline.nodes.map { (Self.name($0), 1) }, uniquingKeysWith: +)
        .sorted { $0.key < $1.key }.map { .init(op: $0.key, count: $0.value) },
      unsupported: unsupported, obstacles: obstacles)
  }

  private static func name(_ node: ONNXNode) -> String { node.domain.isEmpty ? node.op : "\(node.domain).\(node.op)" }
}

extension ModelDescription.Port {
  init(_ info: ONNXValueInfo) {
    let type = info.elementType.flatMap { code in
      (try? ElementType(code: code)).map { type in
        type.dtype.flatMap { $0.isFloat ? $0.name : nil } ?? "\(type)"
      }
    }
    let extents = info.extents?.map { extent -> Extent in
      switch extent {
      case .symbol(let name): .open(name)
      case .fixed(let number): extent.isOpen ? .open("") : .fixed(number)
      }
    }
    self.init(name: info.name, type: type, extents: extents)
  }
}
