/// What a class of layers is made of.
struct LayerRow: Sendable {
  let className: String
  /// How many arrays of weights it has.
  let weights: @Sendable (Settings) throws -> WeightCount
  /// Whether its setting `activation` names a function that follows.
  let activates: Bool
  /// What of it is not read; nil when nothing is left out.
  let limit: String?
  /// Adds it to the graph, without that function.
  let lower: @Sendable (LayerContext) throws -> Feature

  init(
    _ className: String, weights: @escaping @Sendable (Settings) throws -> WeightCount = { _ in .none },
    activates: Bool = false, limit: String? = nil, _ lower: @escaping @Sendable (LayerContext) throws -> Feature
  ) {
    self.className = className
    self.weights = weights
    self.activates = activates
    self.limit = limit
    self.lower = lower
  }
}
