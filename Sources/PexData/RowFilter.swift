import CPexKernels

/// What becomes of each row of a picture: some of its pixels, or fewer or more in their place.
struct RowFilter {
  /// The pixels of the row that are read.
  private let source: Range<Int>
  /// Counted from the first of these; nil where they stay as they are.
  private let filter: ResamplingFilter?
  /// How many pixels the row has then.
  let count: Int

  /// Pixels as they are.
  init(of source: Range<Int>) { (self.source, filter, count) = (source, nil, source.count) }

  /// Other pixels in place of those in `source`, by a filter for the whole row.
  init(_ filter: ResamplingFilter, of source: Range<Int>) {
    (self.source, self.filter, count) = (source, filter.shifted(by: source.lowerBound), filter.windows.count)
  }

  /// Writes `rows * count` pixels of three bytes.
  /// - Parameters:
  ///   - pixels: the first row from the first pixel on that is read.
  ///   - stride: bytes from a row to the next.
  func apply(
    to pixels: UnsafePointer<UInt8>, rows: Int, stride: Int, writing target: UnsafeMutablePointer<UInt8>
  ) {
    guard let filter else {
      for row in 0..<rows { (target + row * count * 3).update(from: pixels + row * stride, count: count * 3) }
      return
    }
    filter.withKernelForm {
      pex_kernels_default().pointee.resample_columns(pixels, source.count, rows, stride, $0, target)
    }
  }
}
