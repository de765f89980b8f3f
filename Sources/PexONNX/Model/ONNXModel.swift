/// An ONNX file as Swift values: what the importer works on. Nothing in it has been checked for meaning.
struct ONNXModel {
  var irVersion = 0
  var producerName = ""
  var producerVersion = ""
  /// Operator set versions by domain; the standard domain is the empty name.
  var opsets: [String: Int] = [:]
  /// Operators that the file itself defines.
  var functions: [ONNXFunction] = []
  var graph = ONNXGraph()
}

/// An operator that a file defines by nodes. It sees nothing but its inputs and attributes.
struct ONNXFunction {
  /// What a node says to call it. One name may have several overloads.
  struct Key: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  var key: Key
  var inputs: [String]
  var outputs: [String]
  /// Attributes that a node may leave out, with what they are then.
  var defaults: [ONNXAttribute]
  var nodes: [ONNXNode]
  /// Operator set versions by domain, for its own nodes.
  var opsets: [String: Int]
}

/// The graph of a model, or one that a node has as an attribute: that one may read values from outside.
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
  /// Which function of that name is meant, where a file has several.
  var overload = ""
  /// The version of the standard operator set, where it is not the model's: in a function.
  var opset: Int?
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
    case graph(ONNXGraph)
    /// In a function: what the attribute of that name is where the function is called.
    case reference(String)
    /// A type that no supported operator takes, or none at all.
    case other(String)
  }

  var name: String
  var value: Value
}

/// A tensor whose numbers are still in the file or in typed fields.
struct ONNXTensor {
  /// A field of `TensorProto` that holds numbers.
  enum Field: Int {
    case floats = 4
    case int32s = 5
    case int64s = 7
    case raw = 9
    case doubles = 10
    case uint64s = 11

    /// Its name in the specification.
    var name: String {
      switch self {
      case .floats: "float_data"
      case .int32s: "int32_data"
      case .int64s: "int64_data"
      case .raw: "raw_data"
      case .doubles: "double_data"
      case .uint64s: "uint64_data"
      }
    }
  }

  /// Bytes of the file that hold `raw_data` or the packed numbers of another field.
  struct Payload {
    var field: Field
    var range: Range<Int>
  }

  /// Where the numbers are, `data_location`.
  enum Location: Int {
    case model = 0
    case external = 1
  }

  var name = ""
  var dims: [Int] = []
  /// The code of the element type, see ``ElementType``.
  var elementType = 0
  var payloads: [Payload] = []
  /// Numbers that are not packed, which few files have: those of `uint64_data` by bit pattern.
  var floats: [Float] = []
  var doubles: [Double] = []
  var int32s: [Int64] = []
  var int64s: [Int64] = []
  var uint64s: [Int64] = []
  /// Nil for one that does not exist.
  var location: Location? = .model
  /// What says where external data is, as the file has it.
  var external: [(key: String, value: String)] = []
  /// Whether it is only a part of a tensor.
  var isSegment = false
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
