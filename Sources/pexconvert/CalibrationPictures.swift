import PexBundle
import PexConsole
import PexData
import PexRuntime
import PexTraining

/// How a model answers pictures that trained nothing, for `--calibrate`.
enum CalibrationPictures {
  static func reference(_ contents: BundleContents, path: String, pixelLimit: Int, _ console: Console) throws
    -> ExitStatistics
  {
    let session = try Session(try Model(try BundleFile(bytes: try contents.encoded())))
    var format = try contents.labelledFormat()
    format.pixelLimit = pixelLimit
    let data = try Dataset(path: path, format: format, ignoresLabels: true)
    console.tell(of: data)
    let samples = try TrainingSamples([data], for: contents)
    let bar = ProgressBar(console, "calibration", total: samples.count)
    let (statistics, skipped) = try ExitStatistics.reference(session, samples) { bar.update($0) }
    console.warn(skipped: skipped, of: samples.count)
    if statistics.classes == 1, contents.trunk.classCount ?? 1 > 1 {
      console.warn(
        "\(samples.count) pictures are too few to tell classes apart: the reference speaks of all of them together")
    }
    return statistics
  }
}
