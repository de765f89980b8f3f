import PexTensor

/// Stands for one value of a ``Graph``. Numbers are dense and mean nothing outside their graph.
public struct ValueID: Hashable, Comparable, Sendable {
  /// The position in ``Graph/values``.
  public let index: Int

  /// Stands for the value at a position.
  public init(_ index: Int) { self.index = index }

  /// Whether one comes before the other.
  public static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// Something that nodes read: an input of the graph, a constant, or the output of one node.
public struct Value: Sendable {
  /// Unique within the graph and not empty.
  public var name: String
  /// Element type and extents.
  public var type: ValueType
  /// The numbers, when they are known beforehand. An f32 value may be stored as f16; it is widened before use.
  public var constant: Tensor?
}

/// One computation: an operation, what it reads and what it gives.
public struct Node: Sendable {
  /// For messages; the source model's name where it had one. Need not be unique.
  public var name: String
  /// What is computed.
  public var operation: Operation
  /// What it reads, in the operation's order.
  public var inputs: [ValueID]
  /// What it gives, in the operation's order.
  public var outputs: [ValueID]

  /// A node.
  public init(name: String, operation: Operation, inputs: [ValueID], outputs: [ValueID]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// How a user's array for an input is laid out. The graph itself is always NCHW.
public enum InputLayout: String, CaseIterable, Sendable {
  /// Batch, channels, spatial axes; or no feature map at all.
  case channelsFirst = "nchw"
  /// Batch, spatial axes, channels: the runtime transposes on the way in.
  case channelsLast = "nhwc"
}

extension InputLayout {
  /// The type of a user's array for an input that the graph holds as `type`.
  public func arrayType(_ type: ValueType) -> ValueType {
    guard self == .channelsLast, type.rank >= 3 else { return type }
    var result = type
    result.dimensions.append(result.dimensions.remove(at: 1))
    return result
  }
}

/// One input of a graph.
public struct GraphInput: Hashable, Sendable {
  /// The value that a run fills.
  public var value: ValueID
  /// How the user's array is laid out.
  public var layout: InputLayout

  /// An input.
  public init(value: ValueID, layout: InputLayout = .channelsFirst) {
    self.value = value
    self.layout = layout
  }
}

extension Graph {
  /// The input that takes pictures: the only one `[N, C, H, W]` of one sample, or of several such inputs the only one of more
  /// than one pixel, with 1, 3 or 4 channels. Nil when there is none, or no telling which.
  public var pictureInput: GraphInput? {
    func channels(_ input: GraphInput) -> Int? {
      let type = self[input.value].type
      guard let map = type.featureMap, map.spatial.count == 2, type.perSample[0] == 1 else { return nil }
      return map.channels
    }
    let maps = inputs.filter { channels($0) != nil }
    guard maps.count > 1 else { return maps.first }
    let pictures = maps.filter { input in
      [1, 3, 4].contains(channels(input)) && self[input.value].type.perSample.dropFirst(2) != [1, 1]
    }
    return pictures.count == 1 ? pictures.first : nil
  }
}
