import PexBundle
import PexTensor

extension Session {
  /// Computes what several sets of heads say of one sample, in one pass over the network.
  ///
  /// The numbers are those of ``run(_:_:deadline:reject:)`` with each set; the session's own heads are not asked.
  ///
  /// - Parameters:
  ///   - inputs: as there.
  ///   - sets: heads that fit the model; those that are not trained are left out.
  ///   - untrained: exits whose heads are asked even so.
  /// - Returns: one recording a set.
  /// - Throws: ``PexError`` as that run does; (notFinite) when any head, or the classifier, computes numbers that are not
  ///   finite.
  public func record(_ inputs: [Tensor], _ sets: [HeadSet], untrained: Set<Int> = []) throws -> [HeadRecording] {
    try load(inputs)
    let asked = sets.map { $0.entries.filter { $0.isTrained || untrained.contains($0.exit) } }
    var routes = try zip(sets, asked).map { set, entries in
      var route = Route(session: self, heads: set, started: .now)
      try route.prepare(entries)
      return route
    }
    let read = Set(asked.joined().flatMap { [$0.exit] + $0.head.specification.earlier.map(\.exit) })
    for (segment, point) in model.points.enumerated() where read.contains(point.number) {
      // A tap is there only as long as nothing behind it was computed, so all sets read it now.
      for index in routes.indices { try routes[index].pass(through: segment) }
      for index in routes.indices {
        for entry in asked[index] where entry.exit == point.number {
          if entry.answers { _ = try routes[index].visit(entry) } else { try routes[index].visitPart(entry) }
        }
      }
    }
    return try routes.map(recording)
  }

  /// Goes to the end of the network, if anything there is asked for.
  private func recording(_ route: Route) throws -> HeadRecording {
    let (heads, exits) = (route.heads, route.answer.computed)
    let hasClassifier = model.bundle.graph.classifier.map { $0.kind != .none } ?? false
    var whole = route
    if hasClassifier { try whole.finish() }
    let final = whole.answer.computed.last { $0.exit == .final }
    let last: HeadRecording.LastResort
    if heads.replacesFinal, let head = heads.lastResort.exit.flatMap({ heads[$0] }) {
      let logits = exits.first { $0.exit == .exit(head.exit) }
      last = .init(exit: .exit(head.exit), logits: logits, classes: heads.classes, isOwn: false)
    } else {
      var limited = route
      try limited.finish(isLastResort: true)
      let logits = limited.answer.computed.last { $0.exit == .final }
      last = .init(
        exit: .final, logits: logits, classes: limited.answer.classes, isOwn: heads.finalPlaces != nil)
    }
    return HeadRecording(heads: heads, exits: exits, final: final, lastResort: last)
  }
}
