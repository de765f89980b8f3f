import COnnxProto
import PexTensor

extension ONNXModel {
  /// Room for protobuf-c's structures beyond four times the file: those of a small file are larger than that.
  private static let slack = 16 << 20

  /// Decodes a model.
  /// - Throws: ``PexError`` (malformed) when the bytes are no ONNX model, are damaged, or would take more memory
  ///   than a model of that size can need.
  init(_ source: ModelSource) throws {
    let (skeleton, size) = try source.withBytes { (try WireScan.skeleton(of: $0), $0.count) }
    let budget = AllocationBudget(bytes: min(size, Int.max / 8) * 4 + Self.slack)
    self = try budget.withAllocator { allocator in
      guard let model = pex__onnx__model_proto__unpack(allocator, skeleton.count, skeleton) else {
        throw PexError(
          .malformed,
          budget.isExceeded ? "the structure takes more memory than a model of that size can need" : "no ONNX model")
      }
      defer { pex__onnx__model_proto__free_unpacked(model, allocator) }
      return try ONNXModel(model.pointee)
    }
  }

  private init(_ model: Pex__Onnx__ModelProto) throws {
    guard let graph = model.graph else { throw PexError(.malformed, "the file has no graph: no ONNX model") }
    irVersion = Int(model.ir_version)
    producerName = text(model.producer_name)
    producerVersion = text(model.producer_version)
    for entry in list(model.opset_import, model.n_opset_import) {
      // "ai.onnx" is the standard domain's other name.
      let domain = text(entry.domain)
      opsets[domain == "ai.onnx" ? "" : domain] = Int(entry.version)
    }
    functions = Set(list(model.functions, model.n_functions).map { "\(text($0.domain)).\(text($0.name))" })
    self.graph = ONNXGraph(graph.pointee)
  }
}

extension ONNXGraph {
  fileprivate init(_ graph: Pex__Onnx__GraphProto) {
    nodes = list(graph.node, graph.n_node).enumerated().map { ONNXNode($1, index: $0) }
    initializers = list(graph.initializer, graph.n_initializer).map(ONNXTensor.init)
    sparseInitializers = list(graph.sparse_initializer, graph.n_sparse_initializer).map {
      text($0.values?.pointee.name)
    }
    inputs = list(graph.input, graph.n_input).map(ONNXValueInfo.init)
    outputs = list(graph.output, graph.n_output).map(ONNXValueInfo.init)
  }
}

extension ONNXNode {
  fileprivate init(_ node: Pex__Onnx__NodeProto, index: Int) {
    op = text(node.op_type)
    domain = text(node.domain) == "ai.onnx" ? "" : text(node.domain)
    name = text(node.name).isEmpty ? "\(op)_\(index)" : text(node.name)
    inputs = strings(node.input, node.n_input)
    outputs = strings(node.output, node.n_output)
    attributes = list(node.attribute, node.n_attribute).map(ONNXAttribute.init)
  }
}

extension ONNXAttribute {
  fileprivate init(_ attribute: Pex__Onnx__AttributeProto) {
    name = text(attribute.name)
    // Before IR version 2 the type was told by the field that is there.
    let inferred: [(Bool, UInt32)] = [
      (attribute.has_f != 0, 1), (attribute.has_i != 0, 2), (attribute.has_s != 0, 3), (attribute.t != nil, 4),
      (attribute.g != nil, 5), (attribute.n_floats > 0, 6), (attribute.n_ints > 0, 7), (attribute.n_strings > 0, 8),
    ]
    let declared = UInt32(truncatingIfNeeded: Int(attribute.type.rawValue))
    let reference = text(attribute.ref_attr_name)
    switch declared != 0 ? declared : inferred.first(where: \.0)?.1 ?? 0 {
    case _ where !reference.isEmpty: value = .other("a reference to a function's attribute '\(reference)'")
    case 1: value = .float(attribute.f)
    case 2: value = .integer(Int(attribute.i))
    case 3: value = .string(text(attribute.s))
    case 4: value = attribute.t.map { .tensor(ONNXTensor($0.pointee)) } ?? .other("a tensor that is missing")
    case 5: value = .other("a graph")
    case 6: value = .floats(Array(UnsafeBufferPointer(start: attribute.floats, count: attribute.n_floats)))
    case 7: value = .integers(UnsafeBufferPointer(start: attribute.ints, count: attribute.n_ints).map { Int($0) })
    case 8: value = .strings(UnsafeBufferPointer(start: attribute.strings, count: attribute.n_strings).map(text))
    case let code: value = .other(code == 0 ? "nothing" : "a value of type \(code)")
    }
  }
}

extension ONNXTensor {
  fileprivate init(_ tensor: Pex__Onnx__TensorProto) {
    name = text(tensor.name)
    dims = UnsafeBufferPointer(start: tensor.dims, count: tensor.n_dims).map { Int($0) }
    elementType = Int(tensor.data_type)
    // The scan wrote these: they lie within the file.
    payloads = list(tensor.payload, tensor.n_payload).map {
      let start = Int(clamping: $0.offset)
      return Payload(field: Int($0.field), range: start..<start + Int(clamping: $0.length))
    }
    floats = Array(UnsafeBufferPointer(start: tensor.float_data, count: tensor.n_float_data))
    doubles = Array(UnsafeBufferPointer(start: tensor.double_data, count: tensor.n_double_data))
    int32s = Array(UnsafeBufferPointer(start: tensor.int32_data, count: tensor.n_int32_data))
    int64s = Array(UnsafeBufferPointer(start: tensor.int64_data, count: tensor.n_int64_data))
    uint64s = Array(UnsafeBufferPointer(start: tensor.uint64_data, count: tensor.n_uint64_data))
    isExternal = tensor.n_external_data > 0 || tensor.data_location.rawValue != 0
  }
}

extension ONNXValueInfo {
  fileprivate init(_ info: Pex__Onnx__ValueInfoProto) {
    name = text(info.name)
    guard let tensor = info.type?.pointee.tensor_type?.pointee else { return }
    elementType = Int(tensor.elem_type)
    guard let shape = tensor.shape?.pointee else { return }
    extents = list(shape.dim, shape.n_dim).map {
      $0.has_dim_value != 0 ? .fixed(Int($0.dim_value)) : .symbol(text($0.dim_param))
    }
  }
}

private func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
  characters.map { String(cString: $0) } ?? ""
}

private func text(_ data: ProtobufCBinaryData) -> String {
  String(decoding: UnsafeBufferPointer(start: data.data, count: data.len), as: UTF8.self)
}

private func strings(_ base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
  UnsafeBufferPointer(start: base, count: count).map(text)
}

private func list<Message>(_ base: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int) -> [Message] {
  UnsafeBufferPointer(start: base, count: count).compactMap { $0?.pointee }
}
