/// A class of Keras layers that can be imported.
public struct SupportedLayer: Hashable, Sendable {
  /// The class's name.
  public var className: String
  /// What of it is not read; nil when nothing is left out.
  public var limit: String?
}
