/// What reading a model may take. A sound file needs far less; a hostile one gets no more.
public struct ImportLimits: Hashable, Sendable {
  /// Bytes of memory beyond the program itself.
  public var memory: Int
  /// Seconds of processor time.
  public var seconds: Int

  /// The limits for a file of so many bytes: weights in f16 double, and their compression, where there is any, saves
  /// little; libraries and the network's shapes take what does not depend on the size.
  /// - Parameter memory: other than follows from the size.
  public init(fileBytes: Int, memory: Int? = nil) {
    let (share, overflow) = max(0, fileBytes).multipliedReportingOverflow(by: 8)
    let (total, tooLarge) = share.addingReportingOverflow(1 << 30)
    self.memory = memory ?? (overflow || tooLarge ? .max : total)
    seconds = 60 + max(0, fileBytes) / 20_000_000
  }
}
