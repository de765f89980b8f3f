import PexTensor

/// Pools a feature map into what a head's fully connected layer reads.
///
/// - Parameters:
///   - map: `channels * extent` numbers, channel by channel.
///   - channels: number of channels.
///   - features: `2 * channels` numbers: first the averages, then the maxima. Sums run in double in index order, so
///     that the result depends on the map alone.
public func poolFeatures(
  _ map: UnsafeBufferPointer<Float>, channels: Int, into features: UnsafeMutableBufferPointer<Float>
) {
  let extent = channels > 0 ? map.count / channels : 0
  guard extent > 0, features.count >= 2 * channels else { return }
  for channel in 0..<channels {
    let values = map[channel * extent..<(channel + 1) * extent]
    var sum = 0.0
    var largest = -Float.infinity
    for value in values {
      sum += Double(value)
      largest = max(largest, value)
    }
    features[channel] = Float(sum / Double(extent))
    features[channels + channel] = largest
  }
}

/// The gradient of pooling: hands every feature's gradient back to the numbers that it came from.
///
/// An average spreads its gradient evenly; a maximum hands it to the first of the largest numbers, as a subgradient.
///
/// - Parameters:
///   - map: `channels * extent` numbers that were pooled.
///   - channels: number of channels.
///   - gradient: `2 * channels` numbers: first of the averages, then of the maxima.
///   - result: as large as `map`; overwritten.
public func poolGradient(
  _ map: UnsafeBufferPointer<Float>, channels: Int, gradient: UnsafeBufferPointer<Float>,
  into result: UnsafeMutableBufferPointer<Float>
) {
  let extent = channels > 0 ? map.count / channels : 0
  guard extent > 0, gradient.count >= 2 * channels, result.count >= map.count else { return }
  for channel in 0..<channels {
    let start = channel * extent
    let share = gradient[channel] / Float(extent)
    var largest = start
    for index in start..<start + extent {
      result[index] = share
      if map[index] > map[largest] { largest = index }
    }
    result[largest] += gradient[channels + channel]
  }
}
