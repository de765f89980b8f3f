import PexTensor

extension Session {
  /// Sessions for several samples at a time, one a thread: a thread alone on a sample loses nothing to waiting, which all threads
  /// on one sample do, and gives the same numbers.
  /// - Parameters:
  ///   - samples: how many there are to compute.
  ///   - memory: bytes that the further sessions may take.
  /// - Returns: as many sessions as this one has threads, or this one alone where there is neither work nor memory for more.
  /// - Throws: ``PexError`` when a session cannot be made.
  package func crew(for samples: Int, memory: Int) throws -> [Session] {
    guard threads > 1, samples > 1, saturatingProduct(threads, model.sessionBytes) <= memory else { return [self] }
    return try (0..<threads).map { _ in try Session(model, heads: heads, threads: 1) }
  }
}
