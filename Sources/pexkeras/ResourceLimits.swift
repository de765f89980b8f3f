import CPexProcess
import Foundation
import PexGraph
import PexTensor

/// What this process takes away from itself before it opens a file.
enum ResourceLimits {
  /// Sets the limits, for good.
  /// - Throws: ``PexError`` (defect) when the system does not.
  static func apply(_ limits: ImportLimits) throws {
    // Files on network file systems often cannot be locked, and nobody writes here.
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
    var wanted = pex_limits()
    wanted.memory = UInt64(clamping: limits.memory)
    wanted.seconds = UInt64(clamping: limits.seconds)
    // Only whoever redirects a stream into a file wants one to grow.
    wanted.writes_files = [STDOUT_FILENO, STDERR_FILENO].contains(where: isFile)
    var problem = pex_limit_self(&wanted)
    // Limits do not keep libhdf5 from overwriting its own memory: what gets in that way shall find nothing to do.
    if problem == 0 { problem = pex_forbid_self() }
    guard problem == 0 else {
      throw PexError(.defect, "the limits of this process cannot be set: \(String(cString: strerror(problem)))")
    }
  }

  private static func isFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
