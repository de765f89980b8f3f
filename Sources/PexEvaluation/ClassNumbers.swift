/// One numbering of class names for all exits: heads and classifier have class lists of their own.
struct ClassNumbers {
  /// Names by number.
  private(set) var names: [String]
  private var numbers: [String: Int]
  /// The number that stands for no answer. It has a name to show, which no answer has.
  let none: Int

  /// Numbers some names in their order; of equal names the first.
  init(_ names: [String]) {
    self.names = names + ["(no answer)"]
    none = names.count
    numbers = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  /// The number of a name; a new one for a name that is not known yet.
  mutating func number(_ name: String) -> Int {
    if let number = numbers[name] { return number }
    names.append(name)
    numbers[name] = names.count - 1
    return names.count - 1
  }
}
