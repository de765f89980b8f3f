import PexBundle
import PexTensor

extension Preprocessing {
  /// What a bundle says about pictures.
  public init(_ record: PreprocessingRecord) {
    self.init(
      resize: record.resize,
      crop: record.cropHeight.flatMap { height in record.cropWidth.map { Crop(height: height, width: $0) } },
      channels: Channels(rawValue: record.channels.rawValue) ?? .rgb, scale: record.scale,
      mean: record.mean.isEmpty ? [0] : record.mean,
      standardDeviation: record.standardDeviation.isEmpty ? [1] : record.standardDeviation,
      resampling: record.resampling, isAssumed: record.isAssumed)
  }

  /// What a bundle stores: a number for every channel, or none where it would change nothing.
  public var record: PreprocessingRecord {
    let count = channels == .gray ? 1 : 3
    func all(_ numbers: [Float], neutral: Float) -> [Float] {
      if numbers.allSatisfy({ $0 == neutral }) { return [] }
      return numbers.count == 1 ? Array(repeating: numbers[0], count: count) : numbers
    }
    return PreprocessingRecord(
      resize: resize, cropHeight: crop?.height, cropWidth: crop?.width,
      channels: PreprocessingRecord.Channels(rawValue: channels.rawValue) ?? .rgb, scale: scale,
      mean: all(mean, neutral: 0), standardDeviation: all(standardDeviation, neutral: 1),
      resampling: resampling, isAssumed: isAssumed)
  }
}
