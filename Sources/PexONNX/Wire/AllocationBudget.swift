import COnnxProto

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A limit on the memory that protobuf-c may take while it unpacks one file: two bytes of wire format can ask for a
/// hundred bytes of structures.
final class AllocationBudget {
  private var remaining: Int
  /// Whether an allocation was refused.
  private(set) var isExceeded = false

  /// A budget of `bytes`.
  init(bytes: Int) { remaining = bytes }

  /// Calls `body` with an allocator that gives nothing once the budget is spent. What was freed is not counted back.
  func withAllocator<Result>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) throws -> Result) rethrows -> Result {
    var allocator = ProtobufCAllocator(
      alloc: { data, size in
        guard let data else { return nil }
        return Unmanaged<AllocationBudget>.fromOpaque(data).takeUnretainedValue().allocate(size)
      },
      free: { _, pointer in free(pointer) },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
    return try withExtendedLifetime(self) { try body(&allocator) }
  }

  private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= remaining, let memory = malloc(size) else {
      isExceeded = true
      return nil
    }
    remaining -= size
    return memory
  }
}
