/// The version of pex.
public enum Version {
  /// What `--version` prints.
  public static let current = "0.1.0"
}
