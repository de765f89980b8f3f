import PexRuntime
import PexTensor

/// Where the features of a training are kept.
public struct FeatureStorage: Sendable {
  /// Bytes that features may take in memory.
  public var memory: Int
  /// A folder with files of features, which is made when it is not there; nil to keep them in memory alone. It may be
  /// removed whenever no training uses it.
  public var folder: String?

  /// In memory, up to ``FeatureBudget/standard`` bytes, unless something else is said.
  public init(memory: Int = FeatureBudget.standard, folder: String? = nil) {
    self.memory = memory
    self.folder = folder
  }
}

/// How much memory the features of a training may take.
public enum FeatureBudget {
  /// A quarter of the machine's memory.
  public static var standard: Int { ExecutionPlan.physicalMemory / 4 }

  /// Bytes of the features of `samples` samples.
  static func bytes(_ columns: [TapColumn], samples: Int) -> Int {
    columns.reduce(0) { sum($0, saturatingProduct($1.bytes, samples)) }
  }

  /// Checks before anything is computed that the features will fit.
  /// - Throws: ``PexError`` (usage) saying what they need, what is allowed and what can be done.
  static func check(_ columns: [TapColumn], samples: Int, allowed: Int) throws {
    let needed = bytes(columns, samples: samples)
    guard needed > allowed else { return }
    let parts = columns.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }.prefix(3).map { column in
      "\(column.name)\(column.content == .map ? " (whole feature maps)" : ""): \(text(column.bytes))"
    }
    throw PexError(
      .usage,
      "the features of \(samples) samples need \(text(needed)) of memory, \(text(allowed)) are allowed; a sample needs "
        + parts.joined(separator: ", ") + (columns.count > 3 ? ", …" : ""),
      hint: "train fewer exits (--exits) or linear heads instead of convolutions (--head linear), keep the features in "
        + "files (--cache DIR), or allow more (--memory MB)")
  }

  /// Bytes as people read them, rounded up.
  static func text(_ bytes: Int) -> String {
    switch bytes {
    case ..<1024: "\(bytes) bytes"
    case ...(1 << 20): "\((bytes + 1023) >> 10) KiB"
    default: "\((bytes >> 20) + (bytes & 0xfffff == 0 ? 0 : 1)) MiB"
    }
  }

  /// The sum of two numbers that are not negative, or `Int.max` where it does not fit.
  static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? Int.max : sum
  }
}
