import PexRuntime

extension Console {
  /// Warns where a policy was asked for that some trained heads never take part in, as training found that they do not pay.
  public func warnAboutClosedExits(_ heads: HeadSet, _ choice: ExitChoice) {
    guard case .policy = choice else { return }
    let closed = heads.entries.filter {
      $0.isTrained && $0.answers && !$0.isEnabled && .head(at: $0.exit) != heads.lastResort
    }
    guard !closed.isEmpty else { return }
    let exits = closed.map { String($0.exit) }.joined(separator: ", ")
    warn(
      "training closed \(closed.count == 1 ? "exit" : "exits") \(exits), as stopping there does not pay: no policy takes "
        + "\(closed.count == 1 ? "it" : "them"), --exit does")
  }
}
