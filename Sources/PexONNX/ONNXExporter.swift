import PexGraph
import PexTensor

/// Writes a graph of pex as an ONNX model, for any runtime that knows operator set 17.
public enum ONNXExporter {
  /// The version of the standard operator set that models use.
  public static let opset = 17
  /// The version of the file format, which goes with ``opset``.
  public static let irVersion = 8
  /// What the symbolic batch is called.
  public static let batchName = "N"
  /// The most bytes that a protobuf message may have, and so an ONNX file without external data.
  static let byteLimit = Int(Int32.max)

  /// The graph as a file that can be written. Inputs, outputs and values keep their names; what one operation takes several
  /// operators for gets names of its own.
  ///
  /// Constants that are stored in f16 stay so in front of a `Cast`: the file is no larger than the bundle, and the numbers
  /// are the same.
  /// - Parameters:
  ///   - graph: a verified graph.
  ///   - producer: the program that writes the file, and its version.
  ///   - metadata: what the file says besides, by key; keys are unique.
  /// - Throws: ``PexError`` (unsupported) naming a node that ONNX has no form for, or when the file would be larger than
  ///   protobuf allows.
  public static func export(
    _ graph: Graph, producer: (name: String, version: String), metadata: [(key: String, value: String)] = []
  ) throws -> ONNXFile {
    // The numbers of fields are those of Schemas/onnx.proto and, for metadata, of ONNX's own schema.
    var model = WireDraft()
    model.integer(1, irVersion)
    model.string(2, producer.name)
    model.string(3, producer.version)
    model.message(7, try GraphExport(graph).run())
    model.message(8) {
      $0.string(1, "")
      $0.integer(2, opset)
    }
    for (key, value) in metadata {
      model.message(14) {
        $0.string(1, key)
        $0.string(2, value)
      }
    }
    guard model.byteCount <= byteLimit else {
      throw PexError(
        .unsupported, "the model takes \(model.byteCount) bytes as ONNX, where a file holds \(byteLimit)",
        hint: "--weights f16 halves it, --emit onnx-stages divides it among several files")
    }
    return ONNXFile(draft: model)
  }
}

/// An ONNX model that is ready to be written. Its tensors are those of the graph that it was made from.
public struct ONNXFile: Sendable {
  let draft: WireDraft

  /// What the file takes.
  public var byteCount: Int { draft.byteCount }

  /// Gives the file's bytes to `sink`, piece by piece.
  /// - Throws: whatever `sink` throws.
  public func write(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws { try draft.write(sink) }

  /// The file in memory.
  public func bytes() throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    try write { bytes.append(contentsOf: $0) }
    return bytes
  }
}
