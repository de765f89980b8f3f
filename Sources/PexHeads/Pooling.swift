import PexTensor

/// Pools a feature map into what a head's fully connected layer reads.
///
/// The sum of a channel is the sum in double of those of its runs of 128 numbers, in order; of a run, eight sums in f32
/// that take turns along it and meet pairwise. So its rounding error is that of a few numbers however large the map, and
/// the result depends on the map alone: kernels compute the same.
///
/// - Parameters:
///   - map: `channels * extent` numbers, channel by channel.
///   - channels: number of channels.
///   - features: `2 * channels` numbers: first the averages, then the maxima.
public func poolFeatures(
  _ map: UnsafeBufferPointer<Float>, channels: Int, into features: UnsafeMutableBufferPointer<Float>
) {
  let extent = channels > 0 ? map.count / channels : 0
  guard extent > 0, features.count >= 2 * channels else { return }
  for channel in 0..<channels {
    let values = UnsafeBufferPointer(rebasing: map[channel * extent..<(channel + 1) * extent])
    var sum = 0.0
    var largest = -Float.infinity
    for start in stride(from: 0, to: extent, by: pooledRun) {
      let run = UnsafeBufferPointer(rebasing: values[start..<min(start + pooledRun, extent)])
      sum += Double(pooledSum(run))
      for value in run { largest = value > largest ? value : largest }
    }
    features[channel] = Float(sum / Double(extent))
    features[channels + channel] = largest
  }
}

private let pooledRun = 128

/// The sum of one run.
private func pooledSum(_ run: UnsafeBufferPointer<Float>) -> Float {
  var parts = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= run.count, let base = run.baseAddress {
    parts += UnsafeRawPointer(base + index).loadUnaligned(as: SIMD8<Float>.self)
    index += 8
  }
  for lane in 0..<run.count - index { parts[lane] += run[index + lane] }
  let four = parts.lowHalf + parts.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// The averages and then the maxima of a map's channels; see ``poolFeatures(_:channels:into:)``.
public func pooledFeatures(_ map: UnsafeBufferPointer<Float>, channels: Int) -> [Float] {
  var features = [Float](repeating: 0, count: 2 * channels)
  features.withUnsafeMutableBufferPointer { poolFeatures(map, channels: channels, into: $0) }
  return features
}
