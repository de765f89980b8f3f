import CPexKernels
import PexGraph
import PexTensor
import Synchronization

/// Runs a plan for one sample at a time. It owns the memory of the feature maps and is used by one thread at a time;
/// plan, weights and threads may be shared by many executors.
///
/// ```swift
/// let executor = try Executor(plan: plan, threads: 2)
/// try executor.load(inputs: [image])
/// for segment in 0..<plan.segmentCount { try executor.run(segment: segment) }
/// let logits = try executor.value(classifier.logits)
/// ```
public final class Executor {
  /// What is run.
  public let plan: ExecutionPlan
  /// The weights it runs with.
  public let weights: PackedWeights
  /// Whether the time of every step is taken.
  public var profiles = false
  /// The times of the steps since the last ``load(inputs:)``, while ``profiles`` is on.
  public private(set) var timings: [StepTiming] = []
  private let memory: RunMemory
  var workers: Workers { memory.workers }
  private var arena: FloatBuffer { memory.arena }
  /// Where the input lies when the plan says that somebody lends it.
  private var lent: UnsafePointer<Float>?
  /// For each segment that has run before, its weights.
  private var packed: [PackedSegment?]
  /// For each step of these segments, by its position in the plan's order, what it works with; for each chain.
  private var boundSteps: [BoundStep?]
  private var boundChains: [BoundChain?]
  /// Where values that are given out are put in row-major order, when they lie otherwise.
  private var outbox: FloatBuffer?
  /// The segment that comes next; nil before anything is loaded or after a failure.
  private var next: Int?

  /// An executor with weights and threads of its own.
  /// - Throws: ``PexError`` (unsupported) when there is no memory, (usage) when the number of threads is not 1…1024.
  public convenience init(plan: ExecutionPlan, threads: Int = ThreadPool.defaultThreads) throws {
    try self.init(weights: try PackedWeights(plan: plan), pool: ThreadPool(threads: threads))
  }

  /// An executor of the plan that `weights` belongs to.
  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  public convenience init(weights: PackedWeights, pool: ThreadPool) throws {
    self.init(weights: weights, memory: try RunMemory(pool: pool, plan: weights.plan))
  }

  /// The same in memory that suffices for the plan.
  init(weights: PackedWeights, memory: RunMemory) {
    self.weights = weights
    self.memory = memory
    plan = weights.plan
    packed = plan.segments.map { _ in nil }
    boundSteps = plan.order.map { _ in nil }
    boundChains = plan.chains.map { _ in nil }
  }

  /// Begins a run with one sample.
  /// - Parameters:
  ///   - inputs: one float32 tensor for each input of the graph, in its order: NCHW, a symbolic batch being 1.
  ///   - finite: whether NaN and infinity are errors.
  /// - Throws: ``PexError``: (malformed) when their number, types or shapes differ from the graph's, (notFinite) when they
  ///   hold numbers that must not be there.
  public func load(inputs: [Tensor], finite: Bool = false) throws {
    next = nil
    timings.removeAll(keepingCapacity: true)
    guard inputs.count == plan.graph.inputs.count else {
      throw PexError(.malformed, "expected \(plan.graph.inputs.count) inputs, found \(inputs.count)")
    }
    for (input, tensor) in zip(plan.graph.inputs, inputs) {
      let value = plan.graph[input.value]
      guard tensor.dtype == .float32, tensor.shape.dimensions == value.type.perSample else {
        throw PexError(
          .malformed, "input '\(value.name)': expected \(value.type), found \(ValueType(of: tensor))")
      }
      let place = plan.memory.places[Stored(input.value, .plain)]
      let isFinite = try place.map { try copy(tensor, to: arena.base + $0.lowerBound) } ?? tensor.isFinite
      guard isFinite || !finite else {
        throw PexError(.notFinite, "input '\(value.name)' holds numbers that are not finite (NaN or infinity)")
      }
    }
    next = 0
  }

  /// Begins a run of a plan whose input is lent.
  /// - Parameter numbers: the input's, in the layout that the plan says. They stay until the run is over.
  func load(lent numbers: UnsafePointer<Float>) {
    timings.removeAll(keepingCapacity: true)
    if lent != numbers {
      lent = numbers
      for segment in packed.indices { packed[segment] = nil }
      for chain in boundChains.indices { boundChains[chain] = nil }
    }
    next = 0
  }

  private func copy(_ tensor: Tensor, to place: UnsafeMutablePointer<Float>) throws -> Bool {
    try tensor.withFloats { copy($0, to: place) }
  }

  /// Copies an input.
  /// - Returns: whether all of its numbers are finite.
  private func copy(_ numbers: UnsafeBufferPointer<Float>, to place: UnsafeMutablePointer<Float>) -> Bool {
    let isFinite = Atomic(true)
    guard let start = numbers.baseAddress else { return true }
    workers.ranges(numbers.count, cost: 1) { range, _ in
      let first = range.lowerBound
      if plan.instructionSet.kernels.copy_finite(range.count, start + first, place + first) == 0 {
        isFinite.store(false, ordering: .relaxed)
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// Computes the next segment.
  /// - Throws: ``PexError`` (defect) when it is not its turn; what verifying its weights throws. After any failure the
  ///   run is over.
  public func run(segment number: Int) throws {
    guard number == next else { throw PexError(.defect, "segment \(number) is not the one that comes next") }
    try run(through: number)
  }

  /// Computes the segments up to and with `last`, several steps together where that is faster: of all the taps that
  /// they have, only that of the last segment is there afterwards. Nothing to do is no error.
  /// - Throws: ``PexError`` (defect) when nothing is loaded or there is no such segment; what verifying weights throws.
  ///   After any failure the run is over.
  public func run(through last: Int) throws {
    guard let first = next, last < plan.segmentCount else {
      throw PexError(.defect, "segment \(last) is none of those that come next")
    }
    guard first <= last else { return }
    next = nil
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    for segment in first...last where packed[segment] == nil { try bind(segment) }
    var position = plan.starts[first]
    let end = plan.starts[last + 1]
    while position < end {
      if let chain = plan.chainStarts[position], plan.chains[chain].steps.upperBound <= end {
        try run(chain: chain)
        position = plan.chains[chain].steps.upperBound
      } else {
        try run(step: position)
        position += 1
      }
    }
    next = last + 1
  }

  private func run(step position: Int) throws {
    guard let step = boundSteps[position] else { throw PexError(.defect, "step \(position) is not ready to run") }
    let start = profiles ? ContinuousClock.now : nil
    do {
      try step.run()
    } catch {
      let (segment, index) = plan.order[position]
      try naming("node '\(plan.segments[segment].steps[index].name)'") { throw error }
    }
    if let start { record(position, (ContinuousClock.now - start).nanoseconds) }
  }

  private func run(chain number: Int) throws {
    let chain = try bind(chain: number)
    guard profiles else { return chain.run() }
    for (position, nanoseconds) in zip(plan.chains[number].steps, chain.timedRun()) {
      record(position, nanoseconds, in: " in strips")
    }
  }

  /// A tap, an output or the logits, for the sample of this run, with its extents for one sample.
  /// - Throws: ``PexError`` as ``withValue(_:_:)``.
  public func value(_ id: ValueID) throws -> Tensor {
    let shape = try plan.graph[id].type.sampleShape()
    guard plan.graph[id].type.dtype.isFloat else { return try integers(id, shape) }
    return try withValue(id) { numbers in
      try Tensor(.float32, shape) { $0.copyMemory(from: UnsafeRawBufferPointer(numbers)) }
    }
  }

  /// Whole numbers: stored as such, or computed in f32, which holds those that there can be exactly.
  private func integers(_ id: ValueID, _ shape: Shape) throws -> Tensor {
    if let constant = plan.graph[try given(id).stored.value].constant { return constant }
    return try withValue(id) { numbers in try Tensor(shape.dimensions, numbers.map { Int64($0) }) }
  }

  /// Calls `body` with the elements of a tap, an output or the logits, row-major. They are valid only within the call.
  /// A tap is there after its segment has run and until the next one runs, the others from then on.
  /// - Throws: ``PexError`` (defect) when the value is none of these or is not there; whatever `body` throws.
  public func withValue<Result>(
    _ id: ValueID, _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) throws -> Result {
    let given = try given(id)
    if let constant = plan.graph[given.stored.value].constant { return try constant.asFloat32().withFloats(body) }
    let stored = try readable(given.stored)
    let count = try plan.graph[id].type.sampleShape().count
    guard given.stored.layout == .blocked, let map = MapExtents(plan.graph[id].type.perSample) else {
      return try body(UnsafeBufferPointer(start: stored, count: count))
    }
    let box = try outbox.flatMap { $0.count >= count ? $0 : nil } ?? FloatBuffer(count: count)
    outbox = box
    ReorderStep(map: map, to: .plain, isa: plan.instructionSet).reorder(stored, box.base, workers)
    return try body(UnsafeBufferPointer(start: box.base, count: count))
  }

  /// Calls `body` with the elements of a value that is given out, as they lie. They are valid only within the call.
  /// - Throws: ``PexError`` as ``withValue(_:_:)``; whatever `body` throws.
  func withStored<Result>(
    _ id: ValueID, _ body: (UnsafePointer<Float>, Layout) throws -> Result
  ) throws -> Result {
    let stored = try given(id).stored
    // Constants have no place of their own.
    if stored == plan.lentInput || plan.memory.places[stored] != nil {
      return try body(try readable(stored), stored.layout)
    }
    return try withValue(id) { numbers in
      guard let base = numbers.baseAddress else {
        throw PexError(.defect, "'\(plan.graph[id].name)' has no elements")
      }
      return try body(base, .plain)
    }
  }

  private func given(_ id: ValueID) throws -> GivenValue {
    guard let next, let given = plan.given[id],
      given.segment < 0 || given.segment == next - 1 || (given.stays && given.segment < next)
    else { throw PexError(.defect, "value #\(id.index) is not given out, or not there now") }
    return given
  }

  /// Finds what the steps of a segment work with.
  private func bind(_ number: Int) throws {
    let segment = try weights.segment(number, workers)
    let first = plan.starts[number]
    for (index, (step, weights)) in zip(plan.segments[number].steps, segment.steps).enumerated() {
      let context = StepContext(
        inputs: try step.inputs.map { try pointer($0, segment) }, outputs: try step.outputs.map { try writable($0) },
        packed: weights, workers: workers)
      boundSteps[first + index] = BoundStep(step.kernel.divided(among: workers.pool.threads), context)
    }
    packed[number] = segment
  }

  private func bind(chain number: Int) throws -> BoundChain {
    if let chain = boundChains[number] { return chain }
    let chain = plan.chains[number]
    let contexts = try chain.steps.map { position in
      guard let step = boundSteps[position] else { throw PexError(.defect, "step \(position) is not ready to run") }
      return step.context
    }
    let bound = try BoundChain(chain, contexts, workers)
    boundChains[number] = bound
    return bound
  }

  private func writable(_ stored: Stored) throws -> UnsafeMutablePointer<Float> {
    guard let place = plan.memory.places[stored] else {
      throw PexError(.defect, "'\(plan.graph[stored.value].name)' has no place in memory")
    }
    return arena.base + place.lowerBound
  }

  private func pointer(_ stored: Stored, _ packed: PackedSegment) throws -> UnsafePointer<Float> {
    if stored.layout == .plain, let raw = packed.raw[stored.value] { return raw }
    return try readable(stored)
  }

  private func readable(_ stored: Stored) throws -> UnsafePointer<Float> {
    if let lent, stored == plan.lentInput { return lent }
    return UnsafePointer(try writable(stored))
  }

  /// Takes down what somebody else computed of this run's values.
  func record(_ timing: StepTiming) { timings.append(timing) }

  private func record(_ position: Int, _ nanoseconds: Int, in manner: String = "") {
    let (segment, index) = plan.order[position]
    let step = plan.segments[segment].steps[index]
    timings.append(
      StepTiming(
        name: step.name, mnemonic: step.mnemonic, kernel: step.kernel.title + manner, segment: segment,
        multiplyAccumulates: step.multiplyAccumulates, nanoseconds: nanoseconds))
  }
}
