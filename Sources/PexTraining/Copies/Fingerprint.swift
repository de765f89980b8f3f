import PexRuntime
import PexTensor

/// What a sample looks like from afar: its inputs averaged over a few cells, 8 by 8 of every channel of a picture.
///
/// Features see every edge, so a picture that was encoded again or came from another size may be as far from itself in them as
/// from another picture. From afar it stays where it was; what moved by a pixel is the other way round. So copies are looked
/// for both ways (see ``CopySearch``).
struct Fingerprint {
  /// How one input is divided.
  private struct Grid {
    /// Cells of a channel in each direction.
    private static let side = 8
    /// Inputs of more channels are no pictures.
    private static let mostChannels = 16

    let channels: Int
    let height: Int
    let width: Int
    let rows: Int
    let columns: Int

    init(_ extents: [Int]) {
      let isMap = extents.count >= 3 && extents[0] <= Self.mostChannels
      channels = isMap ? extents[0] : 1
      height = isMap ? extents[1] : 1
      width = extents.dropFirst(isMap ? 2 : 0).reduce(1, *)
      rows = max(1, min(Self.side, height))
      columns = max(1, min(Self.side * Self.side / rows, width))
    }

    var count: Int { channels * rows * columns }

    /// The averages of all cells, channel by channel, row by row.
    func averages(_ numbers: UnsafeBufferPointer<Float>) -> [Float] {
      guard numbers.count == channels * height * width, !numbers.isEmpty else { return [] }
      return (0..<count).map { cell in
        let (channel, row, column) = (cell / (rows * columns), cell / columns % rows, cell % columns)
        let across = column * width / columns..<(column + 1) * width / columns
        let down = row * height / rows..<(row + 1) * height / rows
        var sum = 0.0
        for y in down { for x in across { sum += Double(numbers[(channel * height + y) * width + x]) } }
        return Float(sum / Double(down.count * across.count))
      }
    }
  }

  /// The extents of every input, without the batch.
  let extents: [[Int]]
  private let grids: [Grid]

  /// A fingerprint of samples of those inputs.
  /// - Parameter extents: of every input, without the batch.
  init(_ extents: [[Int]]) {
    self.extents = extents
    grids = extents.map(Grid.init)
  }

  /// A fingerprint of a model's inputs.
  init(for model: Model) {
    let graph = model.bundle.graph
    self.init(
      graph.inputs.map { input in
        let type = graph[input.value].type
        return Array(type.perSample.dropFirst(type.hasBatch ? 1 : 0))
      })
  }

  /// Numbers a sample.
  var width: Int { grids.reduce(0) { $0 + $1.count } }

  /// The averages of a sample's inputs, one input after the other; fewer than ``width`` numbers when the inputs have other
  /// extents.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  func numbers(of inputs: [Tensor]) throws -> [Float] {
    try zip(grids, inputs).flatMap { grid, input in try input.asFloat32().withFloats(grid.averages) }
  }
}
