import PexTensor

extension Digest {
  /// The digest of one sample's inputs, by which a cache knows it again: types, shapes and bytes.
  public init(inputs: [Tensor]) {
    var writer = DigestWriter(tag: "pex.sample.inputs.1")
    for input in inputs {
      writer.add(input.dtype.name)
      writer.add(input.shape.rank)
      for extent in input.shape.dimensions { writer.add(extent) }
      input.withBytes { writer.add(bytes: $0) }
    }
    self = writer.finish()
  }

  /// The digest of a sample that is still to be decoded: another kind of bytes, other bytes or another preprocessing give
  /// another one.
  /// - Parameters:
  ///   - bytes: a picture's or an array's.
  ///   - kind: what else decides what they are decoded to, such as the type of their numbers; empty when they say it all.
  ///   - preprocessing: from ``PreprocessingRecord/digest(of:)``.
  public init(encoded bytes: UnsafeRawBufferPointer, kind: String, preprocessing: Digest) {
    var writer = DigestWriter(tag: "pex.sample.encoded.1")
    writer.add(preprocessing)
    writer.add(kind)
    writer.add(bytes: bytes)
    self = writer.finish()
  }
}
