/// What a class of layers is made of.
struct LayerRow: Sendable {
  let className: String
  /// How many arrays of weights it has.
  let weights: @Sendable (Settings) throws -> WeightCount
  /// Whether its setting `activation` names a function that follows.
  let activates: Bool
  /// Whether it does something else while it is trained.
  let trains: Bool
  /// What it does with whole numbers.
  let numbers: Numbers.Reading
  /// What becomes of arguments that are not read.
  let arguments: ArgumentRules
  /// What of it is not read; nil when nothing is left out.
  let limit: String?
  /// Adds it to the graph, without that function: one tensor an output.
  let lower: @Sendable (LayerContext) throws -> [Feature]

  /// A class whose layers answer with one tensor.
  init(
    _ className: String, weights: @escaping @Sendable (Settings) throws -> WeightCount = { _ in .none },
    activates: Bool = false, trains: Bool = false, numbers: Numbers.Reading = .refused,
    arguments: ArgumentRules = ArgumentRules(), limit: String? = nil,
    _ lower: @escaping @Sendable (LayerContext) throws -> Feature
  ) {
    self.className = className
    self.weights = weights
    self.activates = activates
    self.trains = trains
    self.numbers = numbers
    self.arguments = arguments
    self.limit = limit
    self.lower = { [try lower($0)] }
  }

  /// A class whose layers may answer with several tensors.
  init(
    _ className: String, weights: @escaping @Sendable (Settings) throws -> WeightCount, trains: Bool,
    arguments: ArgumentRules, limit: String?, outputs: @escaping @Sendable (LayerContext) throws -> [Feature]
  ) {
    self.className = className
    self.weights = weights
    activates = false
    self.trains = trains
    numbers = .refused
    self.arguments = arguments
    self.limit = limit
    lower = outputs
  }
}
