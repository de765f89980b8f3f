import PexData
import PexTensor

/// Decodes `count` bytes as a picture of whatever format they begin as, with few pixels allowed. Errors are what is expected of
/// most bytes, as a whole and as what a model sees of it; a crash, a hang, memory beyond the fuzzer's limit or an error that says pex is wrong is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func readPicture(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    let seen = try? Preprocessing(resize: 9, crop: .init(height: 5, width: 7)).tensor(
      decoding: bytes, channels: 3, height: 5, width: 7, pixelLimit: 1 << 16)
    let picture = try Picture.decode(bytes, pixelLimit: 1 << 16)
    precondition(picture.width * picture.height <= 1 << 16, "more pixels than allowed")
    precondition(seen != nil, "what decodes as a whole is not seen")
  } catch let error as PexError {
    precondition([.malformed, .unreadable].contains(error.kind), error.description)
  } catch {
    preconditionFailure("\(error)")
  }
  return 0
}
