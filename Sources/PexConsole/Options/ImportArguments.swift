import ArgumentParser
import PexGraph
import PexTensor

/// How a model of another format is read.
public struct ImportArguments: ParsableArguments {
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The output that answers, when the importer's choice is wrong.", valueName: "name"))
  var primaryOutput: String?

  @Option(help: "What that output's numbers are: logits, probabilities, log_probabilities or none.")
  var outputKind: OutputKind?

  @Option(
    name: .customLong("input"),
    help: ArgumentHelp("Fix an unknown input shape, as in image:1x3x224x224.", valueName: "name:shape"))
  var inputs: [String] = []

  /// A file with the architecture of a model whose own file holds weights alone.
  @Option(
    help: ArgumentHelp(
      "The architecture, for a Keras file that holds weights alone: what model.to_json() gives.",
      valueName: "file.json"))
  public var architecture: String?

  /// For the parser.
  public init() {}

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
  /// - Throws: ``PexError`` (usage) for an input that is not named or shaped as it must be.
  public func importOptions() throws -> ImportOptions {
    var options = ImportOptions()
    options.outputName = primaryOutput
    options.outputKind = outputKind
    for input in inputs {
      // Names may hold colons themselves, shapes never do.
      guard let colon = input.lastIndex(of: ":") else {
        throw PexError(.usage, "--input \(input): expected NAME:SHAPE, as in image:1x3x224x224")
      }
      let extents = input[input.index(after: colon)...].split(separator: "x", omittingEmptySubsequences: false)
      let shape = try extents.map { word in
        guard let extent = Int(word), extent > 0 else {
          throw PexError(.usage, "--input \(input): '\(word)' is no extent")
        }
        return extent
      }
      options.inputShapes[String(input[..<colon])] = shape
    }
    return options
  }
}

extension OutputKind: ExpressibleByArgument {}
