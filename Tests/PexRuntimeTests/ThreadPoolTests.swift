import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyIndexIsVisitedOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    for count in [0, 1, 2, 7, 1000] {
      for _ in 0..<50 {
        let visits = (0..<count).map { _ in Counter() }
        pool.parallel(count) { worker, index in
          visits[index].value.add(1, ordering: .relaxed)
          if worker < 0 || worker >= threads { visits[index].value.add(100, ordering: .relaxed) }
        }
        #expect(visits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
      }
    }
  }

  @Test func severalCallersShareOnePool() async throws {
    let pool = try ThreadPool(threads: 3)
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<200 { pool.parallel(10) { _, _ in total.value.add(1, ordering: .relaxed) } }
        }
      }
    }
    #expect(total.value.load(ordering: .relaxed) == 8000)
  }

  @Test func sleepersWakeUp() async throws {
    let pool = try ThreadPool(threads: 2)
    for _ in 0..<5 {
      try await Task.sleep(for: .milliseconds(20))
      let total = Counter()
      pool.parallel(100) { _, _ in total.value.add(1, ordering: .relaxed) }
      #expect(total.value.load(ordering: .relaxed) == 100)
    }
  }

  /// One executor has the helpers, the others compute alone meanwhile; scratch is nobody's but their own.
  @Test func executorsOnSeveralThreadsShareWeightsAndPool() async throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.convolution(sketch.input([.batch, 20, 24, 22]), 40, 3)
    let y = try sketch.convolution(sketch.unary(.hardSwish, x), 40, 5, groups: 40)
    let z = try sketch.convolution(
      sketch.add(.softmax(Softmax(axis: 1)), y), 12, Window(kernel: [3, 3], strides: [2, 2]))
    let graph = try sketch.finished(z)
    let weights = try PackedWeights(plan: ExecutionPlan(graph: graph))
    let pool = try ThreadPool(threads: 3)
    let samples = try (0..<3).map { try randomInputs(graph, batch: 1, seed: $0) }
    let expected = try samples.map { try Runs.values(graph, $0)[0] }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (sample, wanted) in zip(samples, expected) {
        group.addTask {
          let executor = try Executor(weights: weights, pool: pool)
          for _ in 0..<20 {
            try executor.load(inputs: sample)
            try executor.run(segment: 0)
            #expect(try executor.value(graph.outputs[0]).isIdentical(to: wanted))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func foolishSizesAreRefused() {
    #expect(throws: PexError.self) { try ThreadPool(threads: 0) }
    #expect(throws: PexError.self) { try ThreadPool(threads: 100_000) }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
