import PexConsole

/// Tells how the pass over the trunk goes: what it will take, once the first samples have told, then a bar.
final class FeatureProgress {
  /// So many samples, or as many as three seconds have room for, tell how long the others take; where there are no more,
  /// nobody has to wait for long. Samples are computed several at a time and told of one after the other, so fewer would
  /// seem to take several times as long as they do.
  private static let timed = 64

  private let console: Console
  private let count: Int
  private let bytes: Int
  private let bar: ProgressBar
  private let watch = Stopwatch()
  private var first: (done: Int, seconds: Double)?
  private var isTold = false
  private var branches: BranchProgress?

  /// A pass over `count` samples that starts now and keeps `bytes` of features.
  init(_ console: Console, count: Int, bytes: Int) {
    self.console = console
    self.count = count
    self.bytes = bytes
    bar = ProgressBar(console, "features", total: count)
  }

  /// Tells that so many views of samples are done while branches train.
  func update(branches done: Int, of total: Int) {
    let progress = branches ?? BranchProgress(console, total: total)
    branches = progress
    progress.update(done)
  }

  /// Tells that `done` samples are done.
  func update(_ done: Int) {
    if let first, !isTold { tell(done, since: first) }
    // The first sample also pays for packing weights and filling caches.
    if first == nil { first = (done, watch.seconds) }
    if isTold || done == count { bar.update(done) }
  }

  private func tell(_ done: Int, since first: (done: Int, seconds: Double)) {
    guard done >= Self.timed || watch.seconds > 3, first.done < done, done < count else { return }
    isTold = true
    let each = (watch.seconds - first.seconds) / Double(done - first.done)
    console.progress(
      "\(count) images: about \(Format.seconds(first.seconds + each * Double(count - first.done))) for the features "
        + "(\(Format.milliseconds(each * 1e3)) ms an image, measured on the first \(done)), "
        + "which take \(Format.bytes(bytes)) of memory")
  }
}

/// Tells how the training of branches goes: what it will take, once three seconds have told, and a bar.
private final class BranchProgress {
  private let console: Console
  private let total: Int
  private let bar: ProgressBar
  private let watch = Stopwatch()
  /// The views done when the clock started.
  private var first: Int?
  private var isTold = false

  init(_ console: Console, total: Int) {
    self.console = console
    self.total = total
    bar = ProgressBar(console, "branches", total: total)
  }

  func update(_ done: Int) {
    let start = first ?? done
    first = start
    if !isTold, watch.seconds > 3, done > start {
      isTold = true
      let each = watch.seconds / Double(done - start)
      console.progress("branches: about \(Format.seconds(each * Double(total))) for \(total) views of the images")
    }
    bar.update(done)
  }
}
