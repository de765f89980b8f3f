/// The Keras files that the importer's tests keep.
enum KerasFiles {
  static let folder = Digits.root + "/Tests/PexKerasTests/Fixtures/"

  /// A whole model of some size.
  static let sample = Digits.root + "/SampleModels/keras-digits/digits.h5"

  /// A file by its place, as in `keras3/sequential.h5`.
  static func path(_ name: String) -> String { folder + name }
}
