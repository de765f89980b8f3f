/// What numbers a tensor of Keras holds. A run computes in f32 whatever they are: layers that would compute otherwise with
/// whole numbers have to know.
enum Numbers: Hashable, Sendable {
  /// Floating-point numbers of any width.
  case real
  /// Whole numbers of a type with a name, `int32`.
  case whole(String)
  /// True or false, as 1 and 0.
  case truth

  /// What a type or a policy of types stands for; nil when it is unknown.
  init?(type: ConfigValue) {
    switch Self.typeName(type) {
    case "float16", "float32", "float64", "bfloat16", "half", "float", "double", "mixed_float16", "mixed_bfloat16":
      self = .real
    case "bool": self = .truth
    case let name? where name.hasPrefix("int") || name.hasPrefix("uint"): self = .whole(name)
    default: return nil
    }
  }

  /// The name of a type, or of the policy that an object stands for.
  static func typeName(_ value: ConfigValue) -> String? {
    if let text = value.text { return text }
    guard let config = value["config"] else { return nil }
    return config.text ?? config["name"]?.text ?? config["default_policy"].flatMap(typeName)
  }

  /// What a row of the tables does with numbers that are not real.
  enum Reading: Sendable {
    /// Nothing: they are refused.
    case refused
    /// It moves elements, whatever they are.
    case kept
    /// Its own code knows what Keras does.
    case computed
  }
}
