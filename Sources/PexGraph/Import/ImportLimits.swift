/// What reading a model may take. A sound file needs far less, such as half a second and 105 MiB for 100 MB; a hostile
/// one gets no more.
public struct ImportLimits: Hashable, Sendable {
  /// The environment's variable that says how many bytes of memory reading may take.
  public static let memoryVariable = "PEX_KERAS_MEMORY"

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
    seconds = 10 + max(0, fileBytes) / 5_000_000
  }
}
