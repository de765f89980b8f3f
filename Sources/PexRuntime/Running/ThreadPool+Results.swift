import PexTensor
import Synchronization

extension ThreadPool {
  /// What `body` gives for every index below `count`, in their order, computed on all threads.
  /// - Parameter body: as in ``parallel(_:_:)``.
  package func results<Value>(
    _ count: Int, _ body: (_ worker: Int, _ index: Int) throws -> Value
  ) throws -> [Result<Value, any Error>] {
    let results = Results<Value>(count)
    parallel(count) { worker, index in results.set(Result { try body(worker, index) }, at: index) }
    return try results.all()
  }
}

/// Results that several threads leave in one place.
private final class Results<Value> {
  private let lock = Mutex(())
  private var values: [Result<Value, any Error>?]

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func set(_ value: Result<Value, any Error>, at index: Int) { lock.withLock { _ in values[index] = value } }

  func all() throws -> [Result<Value, any Error>] {
    try values.map { value in
      guard let value else { throw PexError(.defect, "a task was not done") }
      return value
    }
  }
}
