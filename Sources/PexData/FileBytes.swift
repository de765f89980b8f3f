import Foundation
import PexTensor

/// The largest file that is read as one sample, in bytes.
private let sampleFileLimit = 1 << 30

/// All bytes of the regular file at `path`.
/// - Throws: ``PexError``: (unreadable) when it cannot be opened; (malformed) when it is larger than 1 GiB; (inputOutput) when
///   reading fails midway.
func fileBytes(path: SamplePath) throws -> [UInt8] { try path.contents(atMost: sampleFileLimit) }

/// What is read from standard input: one sample, as a file would hold it.
public enum StandardInput {
  /// Everything that there is, to its end.
  /// - Throws: ``PexError``: (inputOutput) when it cannot be read; (malformed) for more than 1 GiB.
  public static func bytes() throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      while let part = try FileHandle.standardInput.read(upToCount: 1 << 20), !part.isEmpty {
        bytes += part
        guard bytes.count <= sampleFileLimit else {
          throw PexError(.malformed, "standard input: a sample of more than \(sampleFileLimit) bytes")
        }
      }
    } catch let error as PexError { throw error } catch {
      throw PexError(.inputOutput, "standard input cannot be read")
    }
    return bytes
  }
}
