import COnnxProto
import PexTensor

extension ONNXModel {
  /// Room for protobuf-c's structures beyond the file's own size: those of a small file are larger than that. What pex
  /// makes of them takes about as much again, three times.
  private static let slack = 8 << 20

  /// Decodes a model.
  /// - Throws: ``PexError`` (malformed) when the bytes are no ONNX model, are damaged, or would take more memory
  ///   than a model of that size can need.
  init(_ source: ModelSource) throws {
    let (skeleton, size) = try source.withBytes { (try WireScan.skeleton(of: $0), $0.count) }
    // What was scanned is not read again but for the weights, one by one.
    source.release(0..<size)
    let budget = AllocationBudget(bytes: size + Self.slack)
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
    opsets = versions(model.opset_import, model.n_opset_import)
    functions = list(model.functions, model.n_functions).map(ONNXFunction.init)
    self.graph = ONNXGraph(graph.pointee)
  }
}

extension ONNXFunction {
  fileprivate init(_ function: Pex__Onnx__FunctionProto) {
    key = Key(
      domain: standardised(function.domain), name: text(function.name), overload: text(function.overload))
    inputs = strings(function.input, function.n_input)
    outputs = strings(function.output, function.n_output)
    defaults = list(function.attribute_proto, function.n_attribute_proto).map(ONNXAttribute.init)
    nodes = list(function.node, function.n_node).enumerated().map { ONNXNode($1, index: $0) }
    opsets = versions(function.opset_import, function.n_opset_import)
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
    let ownDomain = standardised(node.domain)
    // onnxruntime's of 16 bits, from before operator set 21 had them; they compute what the standard ones do.
    let isStandard = ownDomain == "com.microsoft" && ["QuantizeLinear", "DequantizeLinear"].contains(op)
    domain = isStandard ? "" : ownDomain
    name = text(node.name).isEmpty ? "\(op)_\(index)" : text(node.name)
    inputs = strings(node.input, node.n_input)
    outputs = strings(node.output, node.n_output)
    attributes = list(node.attribute, node.n_attribute).map(ONNXAttribute.init)
    overload = text(node.overload)
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
    case _ where !reference.isEmpty: value = .reference(reference)
    case 1: value = .float(attribute.f)
    case 2: value = .integer(Int(attribute.i))
    case 3: value = .string(text(attribute.s))
    case 4: value = attribute.t.map { .tensor(ONNXTensor($0.pointee)) } ?? .other("a tensor that is missing")
    case 5: value = attribute.g.map { .graph(ONNXGraph($0.pointee)) } ?? .other("a graph that is missing")
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
    payloads = list(tensor.payload, tensor.n_payload).compactMap {
      guard let field = Field(rawValue: Int($0.field)) else { return nil }
      let start = Int(clamping: $0.offset)
      return Payload(field: field, range: start..<start + Int(clamping: $0.length))
    }
    floats = Array(UnsafeBufferPointer(start: tensor.float_data, count: tensor.n_float_data))
    doubles = Array(UnsafeBufferPointer(start: tensor.double_data, count: tensor.n_double_data))
    int32s = UnsafeBufferPointer(start: tensor.int32_data, count: tensor.n_int32_data).map(Int64.init)
    int64s = Array(UnsafeBufferPointer(start: tensor.int64_data, count: tensor.n_int64_data))
    uint64s = UnsafeBufferPointer(start: tensor.uint64_data, count: tensor.n_uint64_data).map(Int64.init(bitPattern:))
    location = Location(rawValue: Int(tensor.data_location.rawValue))
    external = list(tensor.external_data, tensor.n_external_data).map { (text($0.key), text($0.value)) }
    isSegment = tensor.segment != nil
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

/// "ai.onnx" is the standard domain's other name.
private func standardised(_ characters: UnsafeMutablePointer<CChar>?) -> String {
  let name = text(characters)
  return name == "ai.onnx" ? "" : name
}

private func versions(
  _ base: UnsafeMutablePointer<UnsafeMutablePointer<Pex__Onnx__OperatorSetIdProto>?>?, _ count: Int
) -> [String: Int] {
  list(base, count).reduce(into: [:]) { $0[standardised($1.domain)] = Int($1.version) }
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
