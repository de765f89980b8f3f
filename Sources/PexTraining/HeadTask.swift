import CPexKernels
import PexHeads
import PexRuntime
import PexTensor
import Synchronization

/// One head to train, as ``HeadTrainer/trainAll(_:split:options:threads:limits:progress:)`` takes it.
public struct HeadTask: Sendable {
  /// The number of the exit point.
  public var exit: Int
  /// What the head looks like.
  public var specification: HeadSpecification
  /// What it is trained on.
  public var samples: HeadTrainer.Samples
  /// The head to start from; see ``HeadTrainer/train(exit:specification:samples:base:teacher:prior:general:split:options:limits:)``.
  public var base: Head?
  /// What it learns from besides labels.
  public var teacher: Teacher?
  /// How often each class occurs; nil when labels say so.
  public var prior: [Float]?
  /// What general samples look like, for prototypes.
  public var general: GeneralFeatures?

  /// A task of these parts.
  public init(
    exit: Int, specification: HeadSpecification, samples: HeadTrainer.Samples, base: Head? = nil,
    teacher: Teacher? = nil, prior: [Float]? = nil, general: GeneralFeatures? = nil
  ) {
    self.exit = exit
    self.specification = specification
    self.samples = samples
    self.base = base
    self.teacher = teacher
    self.prior = prior
    self.general = general
  }
}

/// What a bundle knows about the features of general samples.
public struct GeneralFeatures: Sendable {
  /// The statistics of the head's own tap.
  public var statistics: FeatureStatistics
  /// For each class of the head its number in the statistics; nil for a class that they lack.
  public var classes: [Int?]

  /// What is known.
  public init(_ statistics: FeatureStatistics, classes: [Int?]) {
    self.statistics = statistics
    self.classes = classes
  }
}

extension HeadTrainer {
  /// Trains several heads, each on one thread: the result does not depend on how many threads there are.
  ///
  /// - Parameters:
  ///   - tasks: the heads.
  ///   - split: one split for all, so that their held-out logits belong to the same samples.
  ///   - threads: how many heads are trained at a time, at least one. The calling thread waits.
  ///   - limits: when to end before the schedules do. Each head gets its part of the time.
  /// - Returns: the heads in the order of the tasks.
  /// - Throws: what ``train(exit:specification:samples:base:teacher:prior:general:split:options:limits:)`` throws for the first task that fails.
  public static func trainAll(
    _ tasks: [HeadTask], split: Split, options: TrainingOptions = TrainingOptions(), threads: Int = 1,
    limits: TrainingLimits = TrainingLimits(), progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> [TrainedHead] {
    let progress = HeadProgress(heads: tasks.count, tell: progress)
    let pool = try ThreadPool(threads: max(1, min(threads, tasks.count)))
    let begun = Atomic(0)
    return try pool.results(tasks.count) { _, index in
      // Moments of weights that no longer move would become denormal, which is slow.
      let state = pex_flush_denormals()
      defer { pex_restore_denormals(state) }
      let left = tasks.count - begun.wrappingAdd(1, ordering: .relaxed).oldValue
      let task = tasks[index]
      let report = progress.begin()
      defer { report(1) }
      return try train(
        exit: task.exit, specification: task.specification, samples: task.samples, base: task.base,
        teacher: task.teacher, prior: task.prior, general: task.general, split: split, options: options,
        limits: limits.share(of: left, workers: pool.threads).reporting(report))
    }.map { try $0.get() }
  }
}
