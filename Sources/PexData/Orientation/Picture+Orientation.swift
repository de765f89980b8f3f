import CPexKernels

/// How the stored picture must be turned to stand upright; the raw values are EXIF's.
enum Orientation: Int {
  case upright = 1
  case mirrored = 2
  case turned180 = 3
  case flipped = 4
  case transposed = 5
  case turnedRight = 6
  case transversed = 7
  case turnedLeft = 8

  /// Whether rows of the upright picture are columns of the stored one.
  var swapsAxes: Bool {
    switch self {
    case .upright, .mirrored, .turned180, .flipped: false
    case .transposed, .turnedRight, .transversed, .turnedLeft: true
    }
  }
}

extension Orientation {
  /// Where the upright picture's pixels lie in the stored one of `width` x `height` pixels: the place of the first, and how many
  /// pixels further the next row and the next column are.
  fileprivate func steps(width: Int, height: Int) -> (start: Int, row: Int, column: Int) {
    let (right, bottom) = (width - 1, (height - 1) * width)
    return switch self {
    case .upright: (0, width, 1)
    case .mirrored: (right, width, -1)
    case .turned180: (bottom + right, -width, -1)
    case .flipped: (bottom, -width, 1)
    case .transposed: (0, 1, width)
    case .turnedRight: (bottom, 1, -width)
    case .transversed: (bottom + right, -1, -width)
    case .turnedLeft: (right, -1, width)
    }
  }

  /// Which pixels of the stored picture of `width` x `height` pixels a region of the upright one is.
  func stored(_ region: Picture.Region, width: Int, height: Int) -> Picture.Region {
    func flipped(_ side: Range<Int>, _ length: Int) -> Range<Int> {
      length - side.upperBound..<length - side.lowerBound
    }
    let (columns, rows) = swapsAxes ? (region.rows, region.columns) : (region.columns, region.rows)
    let (mirrored, turned) =
      switch self {
      case .upright, .transposed: (false, false)
      case .mirrored, .turnedLeft: (true, false)
      case .turned180, .transversed: (true, true)
      case .flipped, .turnedRight: (false, true)
      }
    return Picture.Region(
      columns: mirrored ? flipped(columns, width) : columns, rows: turned ? flipped(rows, height) : rows)
  }
}

extension Picture {
  /// The upright picture of one that is stored as `orientation` says.
  func oriented(_ orientation: Orientation) throws -> Picture {
    guard orientation != .upright else { return self }
    let upright = orientation.swapsAxes ? (width: height, height: width) : (width: width, height: height)
    let steps = orientation.steps(width: width, height: height)
    let samples = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      pixels.withUnsafeBufferPointer { pixels in
        guard let from = pixels.baseAddress, let to = target.baseAddress else { return }
        pex_kernels_default().pointee.orient(
          from + 3 * steps.start, steps.row, steps.column, upright.height, upright.width, to)
        count = pixels.count
      }
    }
    return try Picture(width: upright.width, height: upright.height, pixels: samples)
  }
}
