import CPexKernels
import PexTensor

/// The kernels of one instruction-set level. Results are the same bytes on one level, not across levels.
public struct InstructionSet: Sendable {
  nonisolated(unsafe) let table: UnsafePointer<pex_kernels>

  /// What this CPU does best, or what the environment variable `PEX_ISA` names (`avx512`, `avx2`, `portable`) when the
  /// CPU has it.
  public static var current: InstructionSet { InstructionSet(table: pex_kernels_default()) }

  /// Every level that this CPU has, fastest first.
  package static var available: [InstructionSet] { ["avx512", "avx2", "portable"].compactMap(named) }

  /// The level of that name, or nil when there is none or this CPU lacks it.
  static func named(_ name: String) -> InstructionSet? { pex_kernels_named(name).map { InstructionSet(table: $0) } }

  /// The level's name.
  public var name: String { String(cString: kernels.name) }

  /// Floats of a vector, which are the channels of a block.
  var lanes: Int { kernels.lanes }

  package var kernels: pex_kernels { table.pointee }
}
