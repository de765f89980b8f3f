/// The weights of a model's layers in an HDF5 file, by layer path.
protocol WeightFile {
  /// The arrays of every layer that has some.
  /// - Throws: ``PexError`` (malformed) when the file has not what the architecture needs.
  func datasets(for network: NetworkConfig) throws -> [String: [HDF5Dataset]]
}
