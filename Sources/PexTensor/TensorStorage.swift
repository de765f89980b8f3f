/// The immutable bytes beneath a ``Tensor``: memory of its own, or part of a mapped file or of other storage that stays as
/// long as this lives.
///
/// Memory of its own starts on a 64-byte boundary. The bytes never change after the initialiser returns, which is what
/// makes sharing between threads safe.
public final class TensorStorage: @unchecked Sendable {
  let base: UnsafeRawPointer
  let count: Int
  private let owned: UnsafeMutableRawPointer?
  private let file: MappedFile?
  /// What this is a part of.
  private let whole: TensorStorage?

  /// Fresh zeroed memory that `fill` writes before anybody else sees it.
  ///
  /// Large blocks come from the system already zeroed and only cost what is touched; see ``TensorMemory``.
  /// - Throws: ``PexError`` (exhausted) when the system has no memory left; whatever `fill` throws.
  init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    let memory = try TensorMemory.take(count)
    base = UnsafeRawPointer(memory)
    self.count = count
    owned = memory
    file = nil
    whole = nil
    // A throwing fill leaves the memory to deinit.
    try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
  }

  /// Brings some of the bytes into this process at once when they are a mapped file's.
  func populate(_ range: Range<Int>) {
    guard let file, let start = file.bytes.baseAddress else { return }
    let offset = base - start
    file.populate(offset + range.lowerBound..<offset + range.upperBound)
  }

  /// Bytes of a mapped file, used in place. `range` lies within the file.
  init(file: MappedFile, range: Range<Int>) {
    base = file.bytes.baseAddress.map { $0 + range.lowerBound } ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    count = range.count
    owned = nil
    whole = nil
    self.file = file
  }

  /// Part of other bytes, used in place. `range` lies within them.
  init(_ whole: TensorStorage, range: Range<Int>) {
    base = whole.base + range.lowerBound
    count = range.count
    owned = nil
    file = whole.file
    self.whole = whole
  }

  deinit {
    if let owned { TensorMemory.give(owned, count) }
  }
}
