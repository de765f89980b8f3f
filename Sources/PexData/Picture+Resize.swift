import PexTensor

extension Picture {
  /// The picture in another size, by the antialiased triangle filter: each new pixel is the weighted mean of the old
  /// ones beneath it, over a range that widens as the picture shrinks.
  ///
  /// This is Pillow's `BILINEAR`: columns first, rounded to 8 bits, then rows, with weights of 22 fractional bits.
  /// - Throws: ``PexError`` (malformed) when a side is not positive or the pixels exceed ``defaultPixelLimit``.
  public func resized(width newWidth: Int, height newHeight: Int) throws -> Picture {
    guard newWidth > 0, newHeight > 0, newHeight <= Self.defaultPixelLimit / newWidth,
      height <= Self.defaultPixelLimit / newWidth
    else {
      throw PexError(.malformed, "a picture of \(width)x\(height) pixels cannot be resized to \(newWidth)x\(newHeight)")
    }
    let across = newWidth == width ? self : try filteredColumns(newWidth)
    return newHeight == height ? across : try across.filteredRows(newHeight)
  }

  /// The picture of which `width` and `height` pixels around the centre are kept; a side that is shorter already
  /// stays as it is. Where the margin is odd, the half goes to the even side, as in Torchvision.
  /// - Throws: ``PexError`` (malformed) when a side is not positive.
  public func centreCropped(width wanted: Int, height wantedHeight: Int) throws -> Picture {
    let kept = (width: min(width, wanted), height: min(height, wantedHeight))
    guard kept.width > 0, kept.height > 0 else {
      throw PexError(.malformed, "a picture cannot be cropped to \(wanted)x\(wantedHeight)")
    }
    let left = Int((Double(width - kept.width) / 2).rounded(.toNearestOrEven))
    let top = Int((Double(height - kept.height) / 2).rounded(.toNearestOrEven))
    var samples: [UInt8] = []
    samples.reserveCapacity(kept.width * kept.height * 3)
    for row in top..<top + kept.height {
      samples += pixels[(row * width + left) * 3..<(row * width + left + kept.width) * 3]
    }
    return try Picture(width: kept.width, height: kept.height, pixels: samples)
  }

  private func filteredColumns(_ newWidth: Int) throws -> Picture {
    let filter = TriangleFilter(from: width, to: newWidth)
    var samples = [UInt8](repeating: 0, count: height * newWidth * 3)
    for row in 0..<height {
      for column in 0..<newWidth {
        let window = filter.windows[column]
        for channel in 0..<3 {
          var sum = TriangleFilter.half
          var index = (row * width + window.first) * 3 + channel
          for weight in window.weights {
            sum += weight * Int(pixels[index])
            index += 3
          }
          samples[(row * newWidth + column) * 3 + channel] = TriangleFilter.level(sum)
        }
      }
    }
    return try Picture(width: newWidth, height: height, pixels: samples)
  }

  private func filteredRows(_ newHeight: Int) throws -> Picture {
    let filter = TriangleFilter(from: height, to: newHeight)
    let length = width * 3
    var samples = [UInt8](repeating: 0, count: newHeight * length)
    var sums = [Int](repeating: 0, count: length)
    for row in 0..<newHeight {
      let window = filter.windows[row]
      for index in 0..<length { sums[index] = TriangleFilter.half }
      for (offset, weight) in window.weights.enumerated() {
        let start = (window.first + offset) * length
        for index in 0..<length { sums[index] += weight * Int(pixels[start + index]) }
      }
      for index in 0..<length { samples[row * length + index] = TriangleFilter.level(sums[index]) }
    }
    return try Picture(width: width, height: newHeight, pixels: samples)
  }
}
