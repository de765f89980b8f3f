import CPexKernels

/// A kernel that can compute some rows of its result from some rows of its input, wherever these lie: one of a
/// ``StripChain``. What it computes are the same bytes as in a run over whole maps.
protocol StripKernel: StepKernel {
  /// The window over whole maps.
  var window: pex_window { get }
  /// How many maps there are.
  var samples: Int { get }
  /// Channels of a block of the result.
  var lanes: Int { get }
  /// Blocks of the result.
  var blocks: Int { get }
  /// Computes rows.
  func run(_ strip: Strip, packed: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>)
}

/// Rows that a ``StripKernel`` computes, and where they and what they are made of lie.
struct Strip {
  /// The rows of the result.
  let rows: Range<Int>
  /// The rows of the input that are there: all that `rows` need.
  let inputRows: Range<Int>
  /// The first of `inputRows` in block 0.
  let input: UnsafePointer<Float>
  /// Pixels from one block of the input to the next.
  let inputPlane: Int
  /// Where the first of `rows` goes in block 0.
  let output: UnsafeMutablePointer<Float>
  /// Pixels from one block of the output, and of what is added, to the next.
  let outputPlane: Int
  /// What is added, at the first of `rows`.
  let residual: UnsafePointer<Float>?

  /// A window over whole maps as one over these rows alone.
  func window(_ whole: pex_window) -> pex_window {
    var window = whole
    window.in_height = inputRows.count
    window.out_height = rows.count
    // Negative when there are rows before the first that is needed.
    window.pad_height = whole.pad_height + inputRows.lowerBound - rows.lowerBound * whole.stride_height
    return window
  }
}

extension pex_window {
  /// The input rows that lie in the windows of output rows.
  func inputRows(of rows: Range<Int>) -> Range<Int> {
    guard let last = rows.last else { return 0..<0 }
    let lower = max(rows.lowerBound * stride_height - pad_height, 0)
    let upper = min(last * stride_height - pad_height + (kernel_height - 1) * dilation_height + 1, in_height)
    return min(lower, in_height)..<max(upper, min(lower, in_height))
  }

  /// The most input rows that lie in the windows of `count` output rows.
  func inputRows(ofAny count: Int) -> Int {
    min((count - 1) * stride_height + (kernel_height - 1) * dilation_height + 1, in_height)
  }
}
