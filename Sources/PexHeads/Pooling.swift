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

/// The averages and then the maxima of a map's channels; see ``poolFeatures(_:channels:into:)``.
public func pooledFeatures(_ map: UnsafeBufferPointer<Float>, channels: Int) -> [Float] {
  var features = [Float](repeating: 0, count: 2 * channels)
  features.withUnsafeMutableBufferPointer { poolFeatures(map, channels: channels, into: $0) }
  return features
}
