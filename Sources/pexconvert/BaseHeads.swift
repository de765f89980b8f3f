import PexBundle
import PexConsole
import PexRuntime
import PexTraining

/// Trains the base heads of a bundle that is not written yet, for `--train-heads`.
enum BaseHeads {
  static func train(_ contents: BundleContents, folder: String, pixelLimit: Int, _ console: Console) throws
    -> BundleContents
  {
    let bundle = try BundleFile(bytes: try contents.encoded())
    let session = try Session(try Model(bundle))
    let data = try LabelledData(path: folder, for: contents, pixelLimit: pixelLimit, console)
    var request = PersonalTraining.Request()
    request.isBase = true
    request.classNames = data.classNames
    let samples = try TrainingSamples([data.dataset], for: contents)
    let bars = TrainingBars(console, samples: samples.count, featureBytes: nil)
    let result = try PersonalTraining(session, request).run(samples, progress: bars.update)
    console.warn(skipped: result.skipped, of: samples.count)
    console.warn(result.copies, of: samples)
    console.warn(result.gaps)
    for trained in result.heads {
      let accuracy = trained.report.validationAccuracy.map { ", \(Format.percent($0)) of held-out samples right" } ?? ""
      console.progress("exit \(trained.report.exit): trained on \(result.labels.count) samples\(accuracy)")
    }
    return try result.contents(from: contents)
  }
}
