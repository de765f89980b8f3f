import PexConsole
import PexHeads

extension HeadSpecification {
  /// The kind, and the earlier taps of a head that reads some.
  var words: String {
    guard !earlier.isEmpty else { return kind.rawValue }
    let taps = earlier.map { String($0.exit) }.joined(separator: ", ")
    return "\(kind.rawValue) (also reads exit\(earlier.count == 1 ? "" : "s") \(taps))"
  }

  /// The numbers of the earlier taps.
  var earlierExits: JSON { .array(earlier.map { .integer($0.exit) }) }
}
