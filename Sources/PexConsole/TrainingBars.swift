import PexTraining
import Synchronization

/// Tells how a training goes: one bar a phase, and in front of a long one what it will take, once its first steps have told.
public final class TrainingBars: Sendable {
  private let state: Mutex<State>

  /// A training that starts now.
  /// - Parameters:
  ///   - samples: how many pass the trunk.
  ///   - featureBytes: what is kept of them; nil when nobody needs to know.
  public init(_ console: Console, samples: Int, featureBytes: Int?) {
    state = Mutex(State(console: console, samples: samples, featureBytes: featureBytes))
  }

  /// Tells how far it has come; any thread may.
  public func update(_ progress: TrainingProgress) {
    state.withLock { state in
      switch progress {
      case .features(let done): state.features(done)
      case .branches(let done, let total): state.branches(done, of: total)
      case .heads(let share): state.heads(share)
      }
    }
  }

  private struct State {
    /// So many samples, or as many as three seconds have room for, tell how long the others take; where there are no more,
    /// nobody has to wait for long. Samples are computed several at a time and told of one after the other, so fewer would
    /// seem to take several times as long as they do.
    private static let timed = 64
    private static let patience = 3.0

    let console: Console
    let samples: Int
    let featureBytes: Int?
    private var phase: Phase?

    init(console: Console, samples: Int, featureBytes: Int?) {
      (self.console, self.samples, self.featureBytes) = (console, samples, featureBytes)
    }

    /// What is under way.
    private struct Phase {
      let name: String
      let bar: ProgressBar
      let watch = Stopwatch()
      /// What was done when the clock had run for the first time: the first sample also pays for packing weights and filling
      /// caches.
      var first: (done: Int, seconds: Double)?
      var isTold = false
      var done = 0
    }

    mutating func features(_ done: Int) {
      begin("features", total: samples, unit: "images", at: done)
      let (samples, featureBytes) = (samples, featureBytes)
      estimate(done, of: samples) { seconds, each in
        let memory = featureBytes.map { ", which take \(Format.bytes($0)) of memory" } ?? ""
        return "\(samples) images: about \(Format.seconds(seconds)) for the features "
          + "(\(Format.milliseconds(each * 1e3)) ms an image, measured on the first \(done))\(memory)"
      }
      show(done, of: samples)
    }

    mutating func branches(_ done: Int, of total: Int) {
      begin("branches", total: total, unit: "views", at: done)
      estimate(done, of: total) { seconds, _ in
        "branches: about \(Format.seconds(seconds)) for \(total) views of the images"
      }
      show(done, of: total)
    }

    /// Shares are told in thousandths.
    mutating func heads(_ share: Double) {
      let done = Int((1000 * share).rounded())
      begin("heads", total: 1000, unit: nil, at: done)
      phase?.isTold = true
      show(done, of: 1000)
    }

    /// Begins a phase when it is another one, or the same anew. What an unfinished bar left is ended, so that nothing is
    /// written into it.
    private mutating func begin(_ name: String, total: Int, unit: String?, at done: Int) {
      if let phase, phase.name == name, done >= phase.done {
        self.phase?.done = done
        return
      }
      phase?.bar.end()
      phase = Phase(name: name, bar: ProgressBar(console, name, total: total, unit: unit))
      phase?.done = done
    }

    /// Says once what a phase will take, in front of its bar.
    private mutating func estimate(_ done: Int, of total: Int, _ words: (_ seconds: Double, _ each: Double) -> String) {
      guard var phase, !phase.isTold else { return }
      defer { self.phase = phase }
      let seconds = phase.watch.seconds
      guard let first = phase.first else {
        phase.first = (done, seconds)
        return
      }
      guard done >= Self.timed && phase.name == "features" || seconds > Self.patience, first.done < done, done < total
      else { return }
      phase.isTold = true
      let each = (seconds - first.seconds) / Double(done - first.done)
      console.progress(words(first.seconds + each * Double(total - first.done), each))
    }

    private func show(_ done: Int, of total: Int) {
      guard let phase, phase.isTold || done == total else { return }
      phase.bar.update(done)
    }
  }
}
