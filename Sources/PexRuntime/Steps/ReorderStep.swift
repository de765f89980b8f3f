import CPexKernels
import PexGraph
import PexTensor

/// A map taken from one layout to the other.
struct ReorderStep: StepKernel {
  let map: MapExtents
  let to: Layout
  let isa: InstructionSet

  var title: String { "reorder" }

  func run(_ context: StepContext) throws {
    reorder(context.inputs[0], context.outputs[0], context.workers)
  }

  /// Rearranges `input` into `output`.
  func reorder(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ workers: Workers) {
    let (lanes, pixels, blocks) = (isa.lanes, map.pixels, map.blocks(isa.lanes))
    workers.ranges(map.samples * blocks * pixels, cost: lanes) { range, _ in
      eachBlock(of: range, rows: pixels) { index, part in
        let channel = index % blocks * lanes
        let plain = (index / blocks * map.channels + channel) * pixels + part.lowerBound
        let blocked = (index * pixels + part.lowerBound) * lanes
        let channels = min(lanes, map.channels - channel)
        switch to {
        case .blocked:
          isa.kernels.block_planes(channels, part.count, pixels, input + plain, output + blocked)
        case .plain:
          isa.kernels.unblock_planes(channels, part.count, pixels, input + blocked, output + plain)
        }
      }
    }
  }
}

/// Takes a range of the rows of all blocks apart into the rows of each.
private func eachBlock(of range: Range<Int>, rows: Int, _ body: (_ block: Int, _ rows: Range<Int>) -> Void) {
  var next = range.lowerBound
  while next < range.upperBound {
    let (block, row) = (next / rows, next % rows)
    let end = min(rows, row + range.upperBound - next)
    body(block, row..<end)
    next += end - row
  }
}
