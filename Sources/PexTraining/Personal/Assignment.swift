import PexBundle
import PexRuntime
import PexTensor

/// What a training's samples are to be answered: the heads' classes, labels among them, and a teacher.
struct Assignment {
  /// Numbers of the heads' classes among the base model's, rising.
  let classes: [Int]
  /// A label for every sample among the heads' classes, or nil.
  let labels: [Int?]
  /// What samples learn from besides.
  let teacher: Teacher?
  /// How often the person meets each of the classes, when that was estimated.
  let prior: [Float]?

  /// Whether samples learn from a teacher whatever their labels say.
  var isTaught: Bool { teacher.map { !$0.isOptional } ?? false }

  /// A class for every sample: the label, or what the teacher says; nil when there is neither.
  var answers: [Int?] {
    guard let teacher else { return labels }
    return zip(labels, Predictions(teacher.logits).classes).map { $0 ?? $1 }
  }

  /// Decides what can be decided when the trunk has run.
  ///
  /// - Parameters:
  ///   - request: what was asked for.
  ///   - labels: numbers of classes among all, one a sample, or nil.
  ///   - count: how many classes there are in all.
  ///   - logits: the original classifier's, one row a sample; nil when it was not asked.
  ///   - shares: how often the person meets each of all classes, where that could be told without labels.
  /// - Throws: ``PexError`` (malformed) when there are samples of classes that the heads are not to know.
  init(
    _ request: PersonalTraining.Request, _ supervision: Supervision, labels: [Int?], count: Int, logits: LogitTable?,
    shares: ClassPrior? = nil
  ) throws {
    let present = Set(labels.compactMap { $0 }).sorted()
    let known = request.classes ?? (request.isBase ? Array(0..<count) : present.isEmpty ? nil : present)
    // Nobody says which classes they are: all stay, and what could be told of their shares weighs them.
    let isOpen = known == nil || request.estimatesClasses
    let classes = isOpen ? Array(0..<count) : known ?? []
    guard classes.allSatisfy((0..<count).contains) else {
      throw PexError(.malformed, "labels go beyond the \(count) classes that the bundle knows")
    }
    let numbers = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
    guard present.allSatisfy({ numbers[$0] != nil }) else {
      throw PexError(.malformed, "there are samples of classes that the heads are not to know")
    }
    self.classes = classes
    let prior = isOpen ? shares?.shares : nil
    self.prior = prior
    let own = labels.map { $0.flatMap { numbers[$0] } }
    let isOptional =
      supervision == .labels && request.supervision == nil && !request.isBase
      && classes.allSatisfy { $0 < logits?.classes ?? 0 }
    guard supervision.asksClassifier || isOptional, let logits else {
      (self.labels, teacher) = (own, nil)
      return
    }
    let limited = try logits.limited(to: classes, prior: prior)
    switch supervision {
    case .labels:
      self.labels = own
      var asked = Teacher(logits: limited, temperature: request.temperature, mix: request.mix)
      asked.isOptional = true
      teacher = asked
    case .pseudo:
      self.labels = own
      teacher = Teacher(logits: limited, isHard: true)
    case .distil:
      self.labels = own.map { _ in nil }
      teacher = Teacher(logits: limited, temperature: request.temperature, mix: 1)
    case .mixed:
      self.labels = own
      teacher = Teacher(logits: limited, temperature: request.temperature, mix: request.mix)
    }
  }
}
