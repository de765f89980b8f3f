/// An ONNX file as Swift values: what the importer works on. Nothing in it has been checked for meaning.
struct ONNXModel {
  var irVersion = 0
  var producerName = ""
  var producerVersion = ""
  /// Operator set versions by domain; the standard domain is the empty name.
  var opsets: [String: Int] = [:]
  /// Names of functions defined in the file, `domain.name`.
  var functions: Set<String> = []
  var graph = ONNXGraph()
}

/// The graph of a model.
struct ONNXGraph {
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  /// Names of sparse initializers, which are not supported.
  var sparseInitializers: [String] = []
  var inputs: [ONNXValueInfo] = []
  var outputs: [ONNXValueInfo] = []
}

/// One use of an operator. An empty input or output name stands for one that is left out.
struct ONNXNode {
  /// Never empty: made of the operator and the position where the file gives none.
  var name: String
  var op: String
  /// The operator set it is from, empty for the standard one.
  var domain: String
  var inputs: [String]
  var outputs: [String]
  var attributes: [ONNXAttribute]
}

/// One attribute of a node.
struct ONNXAttribute {
  enum Value {
    case float(Float)
    case integer(Int)
    case string(String)
    case tensor(ONNXTensor)
    case floats([Float])
    case integers([Int])
    case strings([String])
    /// A type that no supported operator takes, or none at all.
    case other(String)
  }

  var name: String
  var value: Value
}

/// A tensor whose numbers are still in the file or in typed fields.
struct ONNXTensor {
  /// Bytes of the file that hold `raw_data` (field 9), or packed `float_data` (4) or `double_data` (10).
  struct Payload {
    var field: Int
    var range: Range<Int>
  }

  var name = ""
  var dims: [Int] = []
  /// The code of the element type, see ``ElementType``.
  var elementType = 0
  var payloads: [Payload] = []
  var floats: [Float] = []
  var doubles: [Double] = []
  /// `int32_data`, `int64_data` and `uint64_data`, whichever the file has; the latter by bit pattern.
  var int32s: [Int32] = []
  var int64s: [Int64] = []
  var uint64s: [UInt64] = []
  var isExternal = false
}

/// The declared type of an input or output.
struct ONNXValueInfo {
  enum Extent: Hashable {
    case fixed(Int)
    /// The symbol's name, empty where the file has none.
    case symbol(String)
  }

  var name: String
  /// The code of the element type; nil when it is no tensor.
  var elementType: Int?
  /// Extents, outermost first; nil when the rank is not known.
  var extents: [Extent]?
}
