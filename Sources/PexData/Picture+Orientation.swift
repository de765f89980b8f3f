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

extension Picture {
  /// The upright picture of one that is stored as `orientation` says.
  func oriented(_ orientation: Orientation) throws -> Picture {
    guard orientation != .upright else { return self }
    let upright = orientation.swapsAxes ? (width: height, height: width) : (width: width, height: height)
    var samples: [UInt8] = []
    samples.reserveCapacity(pixels.count)
    for row in 0..<upright.height {
      for column in 0..<upright.width {
        let (y, x) =
          switch orientation {
          case .upright: (row, column)
          case .mirrored: (row, width - 1 - column)
          case .turned180: (height - 1 - row, width - 1 - column)
          case .flipped: (height - 1 - row, column)
          case .transposed: (column, row)
          case .turnedRight: (height - 1 - column, row)
          case .transversed: (height - 1 - column, width - 1 - row)
          case .turnedLeft: (column, width - 1 - row)
          }
        samples += self[row: y, column: x]
      }
    }
    return try Picture(width: upright.width, height: upright.height, pixels: samples)
  }
}
