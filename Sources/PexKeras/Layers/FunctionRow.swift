/// What a function that stands in networks by itself is made of.
struct FunctionRow: Sendable {
  typealias Function = @Sendable (OperationCall) throws -> [Feature]

  /// What it does with whole numbers.
  let numbers: Numbers.Reading
  /// What becomes of arguments that are not read.
  let arguments: ArgumentRules
  /// Adds a call of it to the graph: one tensor an output.
  let apply: Function

  init(
    numbers: Numbers.Reading = .refused, fixed: [String: ConfigValue] = [:], inert: Set<String> = [],
    _ apply: @escaping Function
  ) {
    self.numbers = numbers
    arguments = ArgumentRules(inert: inert, fixed: fixed)
    self.apply = apply
  }
}
