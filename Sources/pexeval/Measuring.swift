import PexBundle
import PexConsole
import PexEvaluation
import PexRuntime
import PexTensor
import PexTraining

/// Runs labelled samples through a recorder.
struct Measuring {
  /// A sample that was measured.
  struct Sample {
    /// Its place among all that there are.
    let index: Int
    /// Its file.
    let name: String
    /// The name of its class.
    let truth: String?
  }

  let session: Session
  let data: LabelledData
  let candidates: [Candidate]
  let reject: Float?
  /// How many samples are timed, evenly spread.
  let timed: Int

  /// Measures all samples.
  /// - Parameter visit: called after every sample, in order.
  /// - Returns: what they come to, and why some were left out.
  /// - Throws: ``PexError``: (malformed) when no sample can be used; what reading and running throw otherwise; whatever
  ///   `visit` throws.
  func run(
    _ console: Console, visit: (Sample, [SampleRecord]) throws -> Void
  ) throws -> (Evaluation, leftOut: [UnreadableSample]) {
    let contents = session.model.bundle.contents
    let samples = try TrainingSamples([data.dataset], for: contents)
    var recorder = try Recorder(session, candidates, classNames: data.classNames, reject: reject)
    var (leftOut, done): ([UnreadableSample], Int) = ([], 0)
    let bar = ProgressBar(console, "samples", total: samples.count)
    for index in 0..<samples.count {
      let sample = Sample(index: index, name: samples.name(index), truth: truth(samples.labels[index]))
      // One that was to be timed and is left out passes that on to the next.
      let isTimed = done < (timed * (index + 1) + samples.count - 1) / samples.count
      do {
        let records = try measure(sample, samples, &recorder, isTimed: isTimed)
        if isTimed { done += 1 }
        try visit(sample, records)
      } catch let error as UnreadableSample { leftOut.append(error) }
      bar.update(index + 1)
    }
    guard let first = leftOut.first, leftOut.count == samples.count else {
      return (try recorder.evaluation(), leftOut)
    }
    throw PexError(
      .malformed, "none of \(samples.count) samples can be used; the first: \(first.reason.message)",
      hint: first.reason.hint)
  }

  private func truth(_ label: Int?) -> String? {
    label.flatMap { data.classNames.indices.contains($0) ? data.classNames[$0] : nil }
  }

  private func measure(
    _ sample: Sample, _ samples: TrainingSamples, _ recorder: inout Recorder, isTimed: Bool
  ) throws -> [SampleRecord] {
    let inputs = try samples.inputs(sample.index)
    do {
      return try naming(sample.name) { try recorder.add(inputs, truth: sample.truth, isTimed: isTimed) }
    } catch let error as PexError where error.kind == .notFinite && samples.isForgiven(sample.index) {
      throw UnreadableSample(error)
    }
  }
}
