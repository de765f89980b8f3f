import PexGraph

/// A tensor of the Keras model: a value of the graph, and in which order it holds the tensor's axes.
///
/// Keras puts channels last unless told otherwise, the graph puts them first. A tensor stays in the order in which it
/// was computed until a layer needs the other one.
struct Feature {
  /// How the axes of the value stand to those of the tensor.
  enum Order: Hashable {
    /// As in Keras.
    case natural
    /// Keras' last axis stands behind the batch: `[N, spatial…, C]` is stored as `[N, C, spatial…]`.
    case channelsFirst
    /// Flattened by Keras from `[N, spatial…, C]`, stored as `[N, C * spatial…]` flattened from channels first.
    case flattened(channels: Int, pixels: Int)
  }

  var value: ValueID
  var order: Order
  var numbers: Numbers

  init(_ value: ValueID, _ order: Order = .natural, _ numbers: Numbers = .real) {
    self.value = value
    self.order = order
    self.numbers = numbers
  }

  /// Where the value holds an axis of the tensor.
  /// - Parameter axis: of the Keras tensor, 0 for the batch; within `0..<rank`.
  static func stored(_ axis: Int, rank: Int, _ order: Order) -> Int {
    guard order == .channelsFirst, axis > 0 else { return axis }
    return axis == rank - 1 ? 1 : axis + 1
  }
}
