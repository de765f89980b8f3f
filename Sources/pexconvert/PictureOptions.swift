import ArgumentParser
import PexBundle
import PexData
import PexTensor

/// How pictures become inputs.
struct PictureOptions: ParsableArguments {
  @Option(help: "How pictures become inputs: imagenet, tf, caffe, unit or none.") var preprocess: String?

  @Option(help: ArgumentHelp("Taken off every channel after scaling, as in 0.485,0.456,0.406.", valueName: "numbers"))
  var mean: String?

  @Option(help: ArgumentHelp("What every channel is divided by, as in 0.229,0.224,0.225.", valueName: "numbers"))
  var std: String?

  @Option(help: ArgumentHelp("What levels 0…255 are multiplied by.", valueName: "number")) var scale: Float?

  @Option(help: ArgumentHelp("Resize the shorter side to this many pixels.", valueName: "pixels")) var resize: Int?

  @Option(help: ArgumentHelp("Keep the centre: SIDE or HEIGHTxWIDTH pixels.", valueName: "size")) var crop: String?

  @Option(help: "Order of the channels: rgb, bgr or gray.") var channels: Preprocessing.Channels?

  @Option(
    help: ArgumentHelp(
      """
      How pictures change their size: bilinear-antialias (Pillow, Torchvision), bilinear (TensorFlow, OpenCV), nearest (Keras' \
      load_img), bicubic or lanczos (Pillow). Default: nearest for Keras models, else bilinear-antialias.
      """, valueName: "name"))
  var resample: Resampling?

  /// What was asked for, or nil when nothing was; but for ``resample``.
  /// - Parameters:
  ///   - base: what a bundle says, of which single options change their part; a preset takes its place.
  ///   - notes: gets a line where something was assumed.
  func preprocessing(over base: Preprocessing? = nil, _ notes: inout [String]) throws -> Preprocessing? {
    let isAsked =
      preprocess != nil || mean != nil || std != nil || scale != nil || resize != nil || crop != nil || channels != nil
    guard isAsked else { return nil }
    var result = base ?? Preprocessing(isAssumed: true)
    if let preprocess {
      guard let preset = Preprocessing(preset: preprocess) else {
        let names = Preprocessing.presetNames.joined(separator: "|")
        throw PexError(.usage, "--preprocess \(preprocess): expected \(names)")
      }
      result = preset
      result.resampling = base?.resampling ?? preset.resampling
    }
    if let mean { result.mean = try Self.numbers(mean, "--mean") }
    if let std { result.standardDeviation = try Self.numbers(std, "--std") }
    if let scale { result.scale = scale }
    if preprocess != nil || mean != nil || std != nil || scale != nil { result.isAssumed = false }
    if let note = scaleLevels(of: &result) { notes.append(note) }
    if let resize { result.resize = resize }
    if let crop { result.crop = try Self.crop(crop) }
    if let channels { result.channels = channels }
    do { try result.validate() } catch let error as PexError { throw PexError(.usage, error.message) }
    return result
  }

  /// Takes levels to 0…1 where the means and deviations that were given can speak of nothing else.
  /// - Returns: what was done.
  private func scaleLevels(of result: inout Preprocessing) -> String? {
    let given = (mean == nil ? [] : result.mean) + (std == nil ? [] : result.standardDeviation)
    let isNeutral = result.mean.allSatisfy { $0 == 0 } && result.standardDeviation.allSatisfy { $0 == 1 }
    guard scale == nil, result.scale == 1, !given.isEmpty, !isNeutral, given.allSatisfy({ abs($0) < 1.5 }) else {
      return nil
    }
    result.scale = 1 / 255
    let options = [mean.map { "--mean \($0)" }, std.map { "--std \($0)" }].compactMap(\.self).joined(separator: " and ")
    return "levels are scaled by 1/255 first, since \(options) speak of 0…1: --scale 1 leaves 0…255"
  }

  private static func numbers(_ text: String, _ option: String) throws -> [Float] {
    let numbers = text.split(separator: ",").compactMap { Float($0) }
    guard !numbers.isEmpty, numbers.count == text.split(separator: ",", omittingEmptySubsequences: false).count else {
      throw PexError(.usage, "\(option) \(text): expected numbers separated by commas")
    }
    return numbers
  }

  private static func crop(_ text: String) throws -> Preprocessing.Crop {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
    guard sides.count == text.split(separator: "x", omittingEmptySubsequences: false).count,
      (1...2).contains(sides.count)
    else { throw PexError(.usage, "--crop \(text): expected SIDE or HEIGHTxWIDTH, as in 224 or 224x192") }
    return Preprocessing.Crop(height: sides[0], width: sides[sides.count - 1])
  }
}

extension Preprocessing.Channels: ExpressibleByArgument {}
extension Resampling: ExpressibleByArgument {}
