import PexRuntime

extension ExitName {
  /// The exit in a report: its number, or `"final"`.
  public var json: JSON {
    switch self {
    case .exit(let number): .integer(number)
    case .final: "final"
    }
  }
}
