import PexRuntime
import PexTensor
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

  @Test func foolishSizesAreRefused() {
    #expect(throws: PexError.self) { try ThreadPool(threads: 0) }
    #expect(throws: PexError.self) { try ThreadPool(threads: 100_000) }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
