/// How many arrays of weights a layer has.
struct WeightCount: Hashable, Sendable {
  /// Arrays that training changes.
  var trainable: Int
  /// Arrays that it does not: running statistics.
  var fixed = 0

  static let none = WeightCount(trainable: 0)

  var total: Int { trainable + fixed }
}
