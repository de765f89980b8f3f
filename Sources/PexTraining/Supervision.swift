/// What heads learn from.
public enum Supervision: String, CaseIterable, Sendable {
  /// Labels alone; samples without one are left out.
  case labels
  /// Labels, and for samples without one the class that the original classifier finds most probable among the
  /// person's.
  case pseudo
  /// The original classifier's logits of the person's classes; labels are not looked at.
  case distil
  /// Both: labels where there are some, and the classifier's logits.
  case mixed
}

extension Supervision {
  /// What the data allows: labels when every sample has one, the classifier's logits when none has, both between.
  static func allowed(by labels: [Int?]) -> Supervision {
    let labelled = labels.count { $0 != nil }
    return labelled == labels.count ? .labels : labelled == 0 ? .distil : .mixed
  }

  /// Whether the original classifier is asked.
  var asksClassifier: Bool { self != .labels }
}
