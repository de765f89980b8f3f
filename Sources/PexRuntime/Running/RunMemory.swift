/// The memory that executors work in: of the feature maps, and the scratch of each thread. Executors that never run at the
/// same time may share one, and find in the cache what the other one left there.
final class RunMemory {
  let arena: FloatBuffer
  let workers: Workers

  /// Memory for a plan.
  /// - Throws: ``PexError`` (unsupported) when there is none.
  init(pool: ThreadPool, plan: ExecutionPlan) throws {
    arena = try FloatBuffer(count: plan.arenaBytes / MemoryLayout<Float>.stride)
    workers = try Workers(pool: pool, plan: plan)
  }

  /// Whether it is enough for a plan.
  func suffices(for plan: ExecutionPlan) -> Bool {
    let size = MemoryLayout<Float>.stride
    return arena.count >= plan.arenaBytes / size && workers.stride >= plan.scratchBytes / size
  }
}
