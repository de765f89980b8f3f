import PexBundle
import PexHeads
import PexTensor

/// The heads of a run: the bundle's base heads or one person's. Immutable; a session takes another set in no time.
public struct HeadSet: Sendable {
  /// A head at an exit.
  public struct Entry: Sendable {
    /// The exit point's number.
    public let exit: Int
    /// What computes its logits. An untrained head has zeros and finds all classes equal.
    public let head: Head
    /// Whether policies and deadlines may take it.
    public let isEnabled: Bool
    /// Whether it has learned anything.
    public let isTrained: Bool
  }

  /// The heads by depth.
  public let entries: [Entry]
  /// Names of the heads' classes; nil when nobody named them.
  public let classes: [String]?
  /// When to stop, unless the user says otherwise.
  public let policy: PolicyRecord?
  /// Whether these are a person's heads.
  public let isPersonal: Bool
  /// Whether the final classifier is no answer any more, because a head knows classes that it lacks or stands on the
  /// last exit point and replaces it at no cost.
  let replacesFinal: Bool

  /// The base heads of a bundle.
  /// - Throws: ``PexError`` (malformed) when a head's tensors do not fit.
  public init(base bundle: Bundle) throws {
    let depth = Self.depth(bundle)
    entries = try bundle.contents.exits.map { record in
      let trained = record.parameters != nil
      let parameters = try record.parameters ?? record.specification.parameters.map { parameter in
        try Tensor(repeating: 0, parameter.dimensions)
      }
      let head = try Head(record.specification, parameters: parameters, temperature: record.temperature)
      return Entry(exit: record.exit, head: head, isEnabled: trained, isTrained: trained)
    }.sorted { depth($0.exit) < depth($1.exit) }
    classes = bundle.contents.labels
    policy = bundle.contents.policy
    isPersonal = false
    replacesFinal = false
  }

  /// A person's heads.
  /// - Throws: ``PexError`` (refused) when the file does not fit the bundle: all of its heads or none.
  public init(_ file: HeadFile, on bundle: Bundle) throws {
    let depth = Self.depth(bundle)
    let bound = try file.match(bundle)
    entries = bound.map { record, point in
      Entry(exit: point.number, head: record.head, isEnabled: record.isEnabled, isTrained: true)
    }.sorted { depth($0.exit) < depth($1.exit) }
    classes = file.contents.classes
    policy = file.contents.policy
    isPersonal = true
    let known = bundle.contents.labels.map(Set.init)
    let addsClasses = known.map { !$0.isSuperset(of: file.contents.classes) } ?? false
    let last = bundle.contents.trunk.exitPoints.last { !$0.isNamed }?.number
    let deepest = entries.last { $0.isEnabled }
    replacesFinal = deepest != nil && (addsClasses || deepest?.exit == last)
  }

  /// The head at an exit, or nil.
  public subscript(exit: Int) -> Entry? { entries.first { $0.exit == exit } }

  private static func depth(_ bundle: Bundle) -> (Int) -> Int {
    { bundle.contents.trunk.exitPoint($0)?.multiplyAccumulates ?? Int.max }
  }
}
