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

  /// How many samples a thread reads and computes before those that are timed among them are run alone.
  private static let samplesPerThread = 16

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
    let crew = try session.crew(for: samples.count, memory: FeatureBudget.standard)
    let pool = try ThreadPool(threads: crew.count)
    for start in stride(from: 0, to: samples.count, by: crew.count * Self.samplesPerThread) {
      let part = start..<min(start + crew.count * Self.samplesPerThread, samples.count)
      let heard = try pool.results(part.count) { worker, offset in
        try hear(start + offset, samples, recorder, crew[worker])
      }
      for (index, result) in zip(part, heard) {
        let sample = Sample(index: index, name: samples.name(index), truth: truth(samples.labels[index]))
        // One that was to be timed and is left out passes that on to the next.
        let isTimed = done < (timed * (index + 1) + samples.count - 1) / samples.count
        do {
          let (inputs, recordings) = try result.get()
          let records = try recorder.add(inputs, recordings, truth: sample.truth, isTimed: isTimed)
          if isTimed { done += 1 }
          try visit(sample, records)
        } catch let error as UnreadableSample { leftOut.append(error) }
        bar.update(index + 1)
      }
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

  /// Reads a sample and what all heads say of it.
  private func hear(
    _ index: Int, _ samples: TrainingSamples, _ recorder: Recorder, _ session: Session
  ) throws -> (inputs: [Tensor], [HeadRecording]) {
    let inputs = try samples.inputs(index)
    do {
      return (inputs, try naming(samples.name(index)) { try recorder.recordings(inputs, session) })
    } catch let error as PexError where error.kind == .notFinite && samples.isForgiven(index) {
      throw UnreadableSample(samples.name(index), error)
    }
  }
}
