import PexTensor

/// What answers for a person when no exit was sure enough: the trunk's own classifier, a personal head, or both.
///
/// The answer is `softmax(classifier · z + head · h / T + log(prior))`, where z are the final classifier's logits of the
/// person's classes (0 for a class that it lacks), h the head's and T its temperature. A head that has fewer classes than
/// the person speaks of the last ones alone.
public struct LastResort: Hashable, Sendable {
  /// The weight of the final classifier's logits; at least 0. With 0 it is not computed.
  public let classifier: Float
  /// The weight of the head's calibrated logits; at least 0. With 0 no head has a part in it.
  public let head: Float
  /// The number of the head's exit in the head file; nil when none has a part.
  public let exit: Int?

  init(classifier: Float, head: Float, exit: Int?) {
    (self.classifier, self.head, self.exit) = (classifier, head, exit)
  }

  /// The model's own classifier, limited to the person's classes.
  public static let classifierAlone = LastResort(classifier: 1, head: 0, exit: nil)

  /// A head in the classifier's place.
  public static func head(at exit: Int) -> LastResort { LastResort(classifier: 0, head: 1, exit: exit) }

  /// The mean of both calibrated logits: their answers' geometric mean.
  public static func mean(at exit: Int) -> LastResort { LastResort(classifier: 0.5, head: 0.5, exit: exit) }

  /// The head adds to what the classifier says: it was trained as a departure from it.
  public static func sum(at exit: Int) -> LastResort { LastResort(classifier: 1, head: 1, exit: exit) }

  /// The same with the number that its exit has elsewhere.
  package func moved(to exit: Int?) -> LastResort { LastResort(classifier: classifier, head: head, exit: exit) }

  /// Whether the final classifier has a part in the answer.
  public var asksClassifier: Bool { classifier > 0 }
  /// Whether the deepest head has a part in the answer.
  public var asksHead: Bool { head > 0 }

  /// - Throws: ``PexError`` (malformed) when a weight is negative, not finite, above 1000, or both are 0.
  func validated() throws -> LastResort {
    for weight in [classifier, head] where !(weight >= 0 && weight <= 1000) {
      throw BundleFault.value("last resort", expected: "weights of 0…1000", found: "\(weight)")
        .error(SectionKind.heads.name)
    }
    guard asksClassifier || asksHead, asksHead == (exit != nil) else {
      throw BundleFault.value(
        "last resort", expected: "a classifier, or a head and its exit", found: "\(classifier), \(head), \(exit ?? 0)"
      ).error(SectionKind.heads.name)
    }
    return self
  }

  var message: Pex_LastResort {
    var message = Pex_LastResort()
    (message.classifier, message.head, message.exit) = (classifier, head, UInt32(clamping: exit ?? 0))
    return message
  }

  init(_ message: Pex_LastResort) {
    self.init(
      classifier: message.classifier, head: message.head, exit: message.exit == 0 ? nil : Int(message.exit))
  }
}
