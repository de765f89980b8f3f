import PexConsole
import PexHeads

extension HeadSpecification {
  /// The kind, and the earlier taps of a head that reads some.
  var words: String {
    guard !earlier.isEmpty else { return kind.rawValue }
    let taps = earlier.map { String($0.exit) }.joined(separator: ", ")
    let branches = earlier.filter { $0.branch != nil }.map { String($0.exit) }.joined(separator: ", ")
    let more = branches.isEmpty ? "" : " and the branch of exit \(branches)"
    return "\(kind.rawValue) (also reads exit\(earlier.count == 1 ? "" : "s") \(taps)\(more))"
  }

  /// The numbers of the earlier taps.
  var earlierExits: JSON { .array(earlier.map { .integer($0.exit) }) }
}
