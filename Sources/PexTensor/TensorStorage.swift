/// The immutable bytes beneath a ``Tensor``: memory of its own, or part of a mapped file that stays mapped as long as this lives.
///
/// Memory of its own starts on a 64-byte boundary. The bytes never change after the initialiser returns, which is what
/// makes sharing between threads safe.
public final class TensorStorage: @unchecked Sendable {
  let base: UnsafeRawPointer
  let count: Int
  private let owned: UnsafeMutableRawPointer?
  private let file: MappedFile?

  /// Fresh zeroed memory that `fill` writes before anybody else sees it.
  init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
    do { try fill(UnsafeMutableRawBufferPointer(start: memory, count: count)) } catch {
      memory.deallocate()
      throw error
    }
    base = UnsafeRawPointer(memory)
    self.count = count
    owned = memory
    file = nil
  }

  /// Bytes of a mapped file, used in place. `range` lies within the file.
  init(file: MappedFile, range: Range<Int>) {
    base = file.bytes.baseAddress.map { $0 + range.lowerBound } ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    count = range.count
    owned = nil
    self.file = file
  }

  deinit { owned?.deallocate() }
}
