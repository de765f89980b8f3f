import PexTensor

/// At most twenty names for a message, in quotes.
func list(names: [String]) -> String {
  let shown = names.prefix(20).map { "'\($0.visible)'" }.joined(separator: ", ")
  return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
}
