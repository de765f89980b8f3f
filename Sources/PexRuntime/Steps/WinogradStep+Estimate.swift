import CPexKernels
import PexTensor

extension WinogradStep {
  /// The size of tiles with which this way is estimated to be clearly faster than the direct one, or nil. Clearly, because
  /// its rounding error is larger.
  ///
  /// Counted in clock cycles: products at two vectors a cycle; weights, which transformed are 16 or 36 numbers for 9, at 6
  /// bytes a cycle; and what loading, transforming and storing a block of channels of a tile takes.
  static func tileSize(
    _ window: pex_window, groups: Int, channels: (input: Int, output: Int), _ isa: InstructionSet
  ) -> Int? {
    guard groups == 1, window.kernel_height == 3, window.kernel_width == 3, window.stride_height == 1,
      window.stride_width == 1, window.dilation_height == 1, window.dilation_width == 1,
      channels.input >= isa.lanes
    else { return nil }
    func cycles(size: Int) -> Double {
      let tiles = Double(divideUp(window.out_height, size)) * Double(divideUp(window.out_width, size))
      return Self.cycles(channels, tiles: tiles, size: size, isa)
    }
    let places = Double(window.out_height) * Double(window.out_width)
    let direct = Self.cycles(channels, places: places, points: 9, transforms: 0, isa)
    let best = cycles(size: 2) < cycles(size: 4) ? 2 : 4
    return cycles(size: best) < 0.9 * direct ? best : nil
  }

  private static func cycles(
    _ channels: (input: Int, output: Int), places: Double, points: Double, transforms: Double, _ isa: InstructionSet
  ) -> Double {
    let (input, output) = (divideUp(channels.input, isa.lanes), divideUp(channels.output, isa.lanes))
    let pairs = Double(channels.input) * Double(output * isa.lanes)
    return pairs * points * (places / Double(2 * isa.lanes) + 4 / 6) + places * Double(input + output) * transforms
  }

  /// Cycles that some tiles take.
  static func cycles(
    _ channels: (input: Int, output: Int), tiles: Double, size: Int, _ isa: InstructionSet
  ) -> Double {
    cycles(channels, places: tiles, points: Double(points(size)), transforms: size == 2 ? 50 : 150, isa)
  }

  /// Products that a tile takes for each pair of channels.
  static func points(_ size: Int) -> Int { (size + 2) * (size + 2) }
}
