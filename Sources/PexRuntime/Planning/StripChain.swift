import CPexKernels
import PexGraph
import PexTensor

/// Steps that are computed together, some rows at a time, so that what lies between them never leaves a core's cache:
/// in nets of depthwise convolutions these maps are many times as large as what comes before and after them.
///
/// A chain is a second way to compute what its steps compute. It is taken when nobody asks for what lies between, and
/// gives the same bytes.
struct StripChain: Sendable {
  /// The steps, as positions in the order of all segments.
  let steps: Range<Int>
  /// The kernels of these steps.
  let kernels: [any StripKernel]
  /// For each step but the last, the rows of its result that are kept.
  let capacities: [Int]
  /// Rows of the last step's result that are computed at a time.
  let stripRows: Int

  /// Floats of scratch of one thread: the rows that are kept, and what the kernels need.
  var scratchFloats: Int {
    let kernel = kernels.map(\.scratchFloats).max() ?? 0
    let (sum, overflow) = (places.last ?? 0).addingReportingOverflow(kernel)
    return overflow ? Int.max : sum
  }

  /// Where the rows of each step that keeps some begin, in floats, on whole cache lines; and where those of the last one
  /// end.
  var places: [Int] {
    kernels.indices.dropLast().reduce(into: [0]) { places, index in
      let floats = saturatingProduct(capacities[index], kernels[index].rowFloats)
      places.append((places.last ?? 0) + (floats + 15) / 16 * 16)
    }
  }

  /// The chains among steps.
  ///
  /// - Parameters:
  ///   - steps: all steps, in the order in which they run, with the segments that they are in.
  ///   - given: what is given out.
  ///   - joined: what lies within something else.
  static func all(
    _ steps: [(step: Step, segment: Int)], given: [ValueID: GivenValue], joined: Set<Stored>, _ limits: ChainLimits
  ) -> [StripChain] {
    let readers = steps.reduce(into: [Stored: Int]()) { readers, place in
      for input in place.step.inputs { readers[input, default: 0] += 1 }
    }
    let givenOut = Dictionary(grouping: given.values) { $0.stored }
    /// Whether the step before `index` makes nothing but what the step at `index` reads first.
    func isLinked(_ index: Int) -> Bool {
      let (before, after) = (steps[index - 1].step, steps[index].step)
      guard let kernel = before.kernel as? any StripKernel, after.kernel is any StripKernel,
        kernel.samples == 1, before.inputs.count == 1, let made = before.outputs.first, after.inputs.first == made,
        readers[made] == 1,
        !joined.contains(made), kernel.mapBytes >= limits.mapBytes
      else { return false }
      // What is given out at once is there no longer when the next segment has run.
      return (givenOut[made] ?? []).allSatisfy { !$0.stays && $0.segment == steps[index - 1].segment }
    }
    var chains: [StripChain] = []
    var first = 0
    while first < steps.count {
      var end = first + 1
      while end < steps.count, isLinked(end) { end += 1 }
      let kernels = steps[first..<end].compactMap { $0.step.kernel as? any StripKernel }
      if end - first > 1, kernels.count == end - first,
        let chain = StripChain(first..<end, kernels, keeping: limits.keptBytes)
      {
        chains.append(chain)
      }
      first = end
    }
    return chains
  }

  /// A chain with as many rows at a time as may be kept; nil when not even those for one row may.
  private init?(_ steps: Range<Int>, _ kernels: [any StripKernel], keeping limit: Int) {
    guard let last = kernels.last else { return nil }
    func capacities(_ rows: Int) -> [Int] {
      var needed = rows
      return kernels.dropFirst().reversed().map { kernel in
        needed = kernel.window.inputRows(ofAny: needed)
        return needed
      }.reversed()
    }
    func bytes(_ rows: Int) -> Int {
      zip(capacities(rows), kernels).map { saturatingProduct($0, $1.rowFloats, MemoryLayout<Float>.stride) }
        .reduce(0) { $0.addingReportingOverflow($1).overflow ? Int.max : $0 + $1 }
    }
    guard bytes(1) <= limit else { return nil }
    // More rows need more: the largest number is found by halving.
    var (rows, beyond) = (1, last.window.out_height + 1)
    while beyond - rows > 1 {
      let middle = rows + (beyond - rows) / 2
      if bytes(middle) <= limit { rows = middle } else { beyond = middle }
    }
    self.steps = steps
    self.kernels = kernels
    self.capacities = capacities(rows)
    stripRows = rows
  }
}

/// What makes a ``StripChain`` worth its while.
package struct ChainLimits: Sendable {
  /// Bytes that a map between two steps has at least: those of a part of a core's cache.
  var mapBytes: Int
  /// Bytes that the rows which are kept have at most.
  var keptBytes: Int

  package init(mapBytes: Int, keptBytes: Int) {
    self.mapBytes = mapBytes
    self.keptBytes = keptBytes
  }

  /// Chosen by measuring on cores with 2 MB of second-level cache.
  package static let standard = ChainLimits(mapBytes: 768 << 10, keptBytes: 896 << 10)
}

extension StripKernel {
  /// Floats of one row of the result.
  var rowFloats: Int { saturatingProduct(window.out_width, blocks, lanes) }

  /// Bytes of the whole result.
  fileprivate var mapBytes: Int { saturatingProduct(rowFloats, window.out_height, MemoryLayout<Float>.stride) }
}
