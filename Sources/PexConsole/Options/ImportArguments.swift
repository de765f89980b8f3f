import ArgumentParser
import PexGraph
import PexTensor

/// How a model of another format is read.
public struct ImportArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The output that answers, when the importer's choice is wrong. Of ONNX also a value inside: the network ends there.",
      valueName: "name"))
  var output: [String] = []

  /// The output that was named.
  private var primaryOutput: String? { output.first }

  /// What the output's numbers are, where somebody says so.
  @Option(help: "What that output's numbers are: logits, probabilities, log_probabilities or none.")
  public var outputKind: OutputKind?

  @Option(
    name: .customLong("input"),
    help: ArgumentHelp(
      "Give an input the shape that the file leaves open, as in image:1x3x224x224; or fix it to a value, as in rate=16000 (a "
        + "number, several with commas, true, false, or a .npy file): it becomes a constant.",
      valueName: "name:shape|name=value"))
  var inputs: [String] = []

  /// A file with the architecture of a model whose own file holds weights alone.
  @Option(
    help: ArgumentHelp(
      "The architecture, for a Keras file that holds weights alone: what model.to_json() gives.",
      valueName: "file.json"))
  public var architecture: String?

  /// For the parser.
  public init() {}

  /// Refuses a second output: the last one alone would count, without a word.
  /// - Throws: what the parser takes for bad usage.
  public func validate() throws {
    guard output.count <= 1 else {
      throw ValidationError(
        "--output \(output[0]) and --output \(output[1]): one answers; the others are kept as they are")
    }
  }

  /// What is asked of a bundle's classifier.
  /// - Throws: ``PexError`` (usage) when a shape is given: a bundle's are fixed.
  public func classifierOfBundle() throws -> (output: String?, kind: OutputKind?) {
    guard inputs.isEmpty else {
      throw PexError(
        .usage, "--input \(inputs[0]): a bundle's inputs have their shapes",
        hint: "give --input when the model is converted that the bundle was made from")
    }
    return (primaryOutput, outputKind)
  }

  /// The options in the importers' own words.
  /// - Throws: ``PexError`` (usage) for an input that is not named, shaped or given as it must be; as `Npy.read(path:)`.
  public func importOptions() throws -> ImportOptions {
    var options = ImportOptions()
    options.outputName = primaryOutput
    options.outputKind = outputKind
    for input in inputs {
      if let (name, value) = try Self.value(in: input) {
        guard options.inputValues.updateValue(value, forKey: name) == nil else {
          throw PexError(.usage, "--input \(input): '\(name)' has a value already")
        }
      } else {
        let (name, shape) = try Self.shape(in: input)
        options.inputShapes[name] = shape
      }
    }
    if let both = options.inputValues.keys.sorted().first(where: { options.inputShapes[$0] != nil }) {
      throw PexError(.usage, "--input \(both): has a value, so it needs no shape")
    }
    return options
  }
}

extension ImportArguments {
  /// What `NAME=VALUE` says; nil for other forms. Names may hold equals signs themselves, values never do.
  private static func value(in input: String) throws -> (name: String, value: InputValue)? {
    guard let place = input.lastIndex(of: "="), place != input.startIndex else { return nil }
    let (name, text) = (String(input[..<place]), String(input[input.index(after: place)...]))
    if text.lowercased().hasSuffix(".npy") { return (name, .array(try Npy.read(path: text))) }
    if let truth = ["true": 1.0, "false": 0.0][text.lowercased()] { return (name, .numbers([truth])) }
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    if numbers.allSatisfy({ $0?.isFinite ?? false }) { return (name, .numbers(numbers.compactMap(\.self))) }
    // A name with an equals sign, and a shape behind it.
    guard !text.contains(":") else { return nil }
    throw PexError(
      .usage,
      "--input \(input): '\(text)' is no value: expected a number, several with commas, true, false, or a .npy file")
  }

  /// What `NAME:SHAPE` says. Names may hold colons themselves, shapes never do.
  private static func shape(in input: String) throws -> (name: String, shape: [Int]) {
    guard let colon = input.lastIndex(of: ":") else {
      throw PexError(.usage, "--input \(input): expected NAME:SHAPE, as in image:1x3x224x224, or NAME=VALUE")
    }
    let extents = input[input.index(after: colon)...].split(separator: "x", omittingEmptySubsequences: false)
    let shape = try extents.map { word in
      guard let extent = Int(word), extent > 0 else {
        let isWord = !word.isEmpty && word.allSatisfy { $0.isLetter || $0 == "_" }
        throw PexError(
          .usage, "--input \(input): '\(word)' is no extent",
          hint: isWord && word == word.uppercased() ? "put a number in the place of \(word)" : nil)
      }
      return extent
    }
    return (String(input[..<colon]), shape)
  }
}

extension OutputKind: ExpressibleByArgument {}
extension InputLayout: ExpressibleByArgument {}
