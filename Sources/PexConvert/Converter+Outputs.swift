import PexBundle
import PexExits
import PexGraph
import PexTensor

/// What networks answer with, and what that means for heads.
extension Converter {
  /// Takes one number for the logit of two classes where two labels say that it is.
  static func takeTwoLabels(_ options: ConversionOptions, _ graph: inout Graph) throws {
    guard options.labels?.count == 2, options.classifier.kind == nil, let classifier = graph.classifier,
      classifier.kind == .none, graph[classifier.output].type.row == 1
    else { return }
    graph.classifier = try graph.findClassifier(output: graph[classifier.output].name, kind: .logits)
  }

  /// How many classes heads tell apart; nil leaves it to the graph.
  static func classes(_ options: ConversionOptions, _ source: ModelSource, _ graph: Graph) -> Int? {
    guard !graph.hasClassifier else { return graph.classCount }
    if case .bundle(let bundle) = source, options.labels == nil { return bundle.contents.labels?.count }
    return options.labels?.count
  }

  /// Refuses labels that are not as many as the classifier's classes; where there is no classifier they name the heads' own.
  /// - Throws: ``PexError`` (usage).
  static func checkCount(of labels: [String], _ graph: Graph) throws {
    guard graph.hasClassifier, let classifier = graph.classifier, let classes = graph.classCount,
      labels.count != classes
    else { return }
    throw PexError(
      .usage, "expected \(classes) labels, one a class, found \(labels.count)",
      hint: hint(labels, classes: classes, classifier, graph))
  }

  private static func hint(_ labels: [String], classes: Int, _ classifier: Classifier, _ graph: Graph) -> String {
    let isBackground = labels.first?.lowercased() == "background"
    if labels.count == classes + 1, isBackground {
      return "take the line '\(labels[0])' away: this model has no such class"
    }
    if labels.count == classes - 1, !isBackground {
      return "the model has one class more: in TensorFlow's it is often 'background', in the first line"
    }
    let other = graph.outputs.first { $0 != classifier.output && graph[$0].type.row == labels.count }
    if let other {
      return
        "output '\(graph[other].name)' has \(labels.count) numbers: --output '\(graph[other].name)' makes it answer"
    }
    return "the file names the classes of the output that answers, one a line, in its order"
  }

  /// Whether what there is to know of the outputs was said before: when the bundle was made, of which nothing else is asked now.
  static func isSaid(_ source: ModelSource, _ options: ConversionOptions) -> Bool {
    guard case .bundle = source else { return false }
    return options.classifier == ClassifierChoice() && options.labels == nil
  }

  /// What the user should know of the outputs and the places for heads, one sentence each.
  /// - Parameter isAsked: whether somebody chose the exits.
  static func notes(
    of graph: Graph, _ options: ConversionOptions, _ places: Places, isAsked: Bool
  ) -> [String] {
    var notes: [String] = []
    if let note = outputNote(graph, options) { notes.append(note) }
    if let note = choiceNote(graph, options) { notes.append(note) }
    if places.points.isEmpty, places.chosen.isEmpty, options.exits != ExitRequest.none, !isAsked || isAutomatic(options)
    {
      notes.append(
        "there are no exit points, so no heads: no map of features is all that is still needed behind it; --exits NAME "
          + "taps any value")
    }
    return notes
  }

  private static func isAutomatic(_ options: ConversionOptions) -> Bool {
    if case .automatic? = options.exits { true } else { false }
  }

  /// Which of several outputs answers, where nobody chose.
  private static func choiceNote(_ graph: Graph, _ options: ConversionOptions) -> String? {
    guard options.classifier.output == nil, let classifier = graph.classifier, !graph.otherRows.isEmpty else {
      return nil
    }
    let others = graph.otherRows.prefix(8).map { "'\(graph[$0].name)' \(graph[$0].type)" }
    return
      "output '\(graph[classifier.output].name)' \(graph[classifier.output].type) answers; --output makes another one: "
      + others.joined(separator: ", ")
  }

  private static func outputNote(_ graph: Graph, _ options: ConversionOptions) -> String? {
    guard let classifier = graph.classifier else { return nil }
    let (name, type) = (graph[classifier.output].name, graph[classifier.output].type)
    if graph.answersWithOneNumber {
      let names = options.labels ?? ["0", "1"]
      let what = classifier.kind == .probabilities ? "one probability p" : "one logit"
      let share = classifier.kind == .probabilities ? "p" : "p, its sigmoid,"
      return "output '\(name)' is \(what), taken for two classes: '\(names[names.count - 1])' with \(share) and "
        + "'\(names[0])' with 1 - p"
    }
    guard classifier.kind == .none, options.classifier.kind == nil else { return nil }
    let own =
      options.labels.map { "heads are for the \($0.count) classes of --labels" }
      ?? "heads are for classes of your own, named by --labels now or by the folders that pextrain learns from"
    if graph.hasManyLabels {
      return
        "output '\(name)' gives \(type.row ?? 0) probabilities of which many may hold at once (sigmoids), so it is no "
        + "classifier of one class (--output-kind probabilities if only one does): \(own)"
    }
    if graph.answersWithDirection {
      return
        "output '\(name)' is \(type.row ?? 0) numbers of length 1, an embedding and no classifier (--output-kind logits if it "
        + "is one): \(own)"
    }
    if type.row == 1 {
      return
        "output '\(name)' is one number and no classifier (two --labels, or --output-kind logits, make it the logit of "
        + "the second of two classes): \(own)"
    }
    return "output '\(name)' is \(type), no number a class, so it is no classifier: \(own)"
  }
}

extension Graph {
  /// Whether the primary output tells classes apart.
  var hasClassifier: Bool { classifier.map { $0.kind != .none } ?? false }
}
