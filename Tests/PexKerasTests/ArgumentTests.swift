import Foundation
import PexGraph
import PexKeras
import PexReference
import PexTensor
import PexZip
import Testing

/// Every argument of every class and function that is read, with another value than its default: Keras' number, or a
/// refusal that names the argument. The cases are written by Fixtures/argument_cases.py.
@Suite struct ArgumentTests {
  /// What became of a case.
  enum Outcome: String {
    case read, withoutInfluence, refused
    /// Other numbers than Keras', without a word.
    case silent
    /// A refusal that does not say what it is about.
    case unnamed
  }

  @Test func noArgumentIsSilentlyWrong() throws {
    let archive = try ArgumentCases()
    #expect(archive.cases.count >= 1000)
    var outcomes: [String: Set<Outcome>] = [:]
    var wrong: [String] = []
    for (index, item) in archive.cases.enumerated() {
      let outcome = try archive.outcome(index)
      let place = "Keras \(item.version), \(item.kind), \(item.argument) = \(item.value): \(outcome.1)"
      if [.silent, .unnamed].contains(outcome.0) { wrong.append("\(outcome.0.rawValue): \(place)") }
      // With its defaults everything that is read has to work.
      if item.argument == "(defaults)" {
        if outcome.0 != .read { wrong.append(place) }
      } else {
        outcomes["\(item.version) \(item.kind) \(item.argument)", default: []].insert(outcome.0)
      }
    }
    #expect(wrong.isEmpty, Comment(rawValue: wrong.prefix(40).joined(separator: "\n")))
    func count(_ isCounted: (Set<Outcome>) -> Bool) -> Int { outcomes.values.filter(isCounted).count }
    print(
      "arguments: \(outcomes.count) in \(archive.cases.count) cases; \(count { $0.contains(.read) }) read,",
      "\(count { $0 == [.withoutInfluence] }) without influence, \(count { $0.contains(.refused) && !$0.contains(.read) })",
      "refused at other values than their defaults, \(count { $0.contains(.read) && $0.contains(.refused) }) of those",
      "read at some values alone, \(count { $0.contains(.silent) }) silent")
  }

  /// A class or function that is added needs cases.
  @Test func everyRowHasCases() throws {
    let kinds = Set(try ArgumentCases().cases.map(\.kind))
    let layers = KerasImporter.supportedLayers.map(\.className).filter { !ArgumentCases.without.contains($0) }
    #expect(layers.filter { !kinds.contains($0) } == [])
    let functions = Set(kinds.map { $0.split(separator: ".").last.map { $0.lowercased().filter { $0 != "_" } } ?? "" })
    #expect(
      KerasImporter.supportedFunctions.filter { !functions.contains($0) && !ArgumentCases.without.contains($0) } == [])
    let activations = Set(
      try ArgumentCases().cases.filter { $0.kind == "Activation" }.map { $0.value.filter { $0 != "'" } })
    #expect(KerasImporter.supportedActivations.filter { !activations.contains($0) } == [])
  }
}

/// The cases in Fixtures/arguments.keras2.zip and arguments.keras3.zip.
struct ArgumentCases {
  struct Array: Decodable {
    var shape: [Int]
    /// How far apart the numbers are that are stored; 1 for all of them.
    var step: Int?
    var numbers: [Float]
  }

  struct Case: Decodable {
    var version: Int
    var kind, argument, value: String
    var inputs: [String]
    var weights: String
    /// The model's configuration, as JSON.
    var config: String
    /// What Keras computes; nil for what it computes with the defaults.
    var outputs: [Array]?
  }

  /// What has no arguments of its own, or has cases in the other fixtures: networks, what `keras.applications` brings
  /// along, chains of augmentation, and names of TensorFlow's that differ from others in nothing.
  static let without: Set<String> = [
    // Functions: raw operators, which tf_keras of today does not keep any more, and one that `keras.ops` does not have.
    "addv2", "div", "mul", "padv2", "sub", "mish",
    "Functional", "Sequential", "InputLayer", "CustomScaleLayer", "LayerScale", "StochasticDepth", "RandomApply",
    "AugMix", "CutMix", "MixUp", "RandAugment",
  ]

  let cases: [Case]
  private let inputs: [String: Array]
  private let files: [String: [UInt8]]
  private let folder: URL

  init() throws {
    let decoder = JSONDecoder()
    var (cases, files): ([Case], [String: [UInt8]]) = ([], [:])
    for version in ["keras3", "keras2"] {
      let members = try Self.members(of: "\(Fixtures.folder)arguments.\(version).zip")
      cases += try decoder.decode([Case].self, from: Data(members["cases.json"] ?? []))
      files.merge(members) { $1 }
    }
    self.cases = cases
    self.files = files
    inputs = try decoder.decode([String: Array].self, from: Data(files["inputs.json"] ?? []))
    folder = FileManager.default.temporaryDirectory.appending(path: "pex-arguments-\(UUID().uuidString)")
  }

  private static func members(of path: String) throws -> [String: [UInt8]] {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) {
      var members: [String: [UInt8]] = [:]
      let archive = try ZipArchive(file.bytes)
      for index in 0..<archive.count {
        let entry = try archive.entry(index)
        members[entry.name] = try archive.open(entry).read(entry.size)
      }
      return members
    }
  }

  /// What becomes of a case, and what is said about it.
  func outcome(_ index: Int) throws -> (ArgumentTests.Outcome, String) {
    defer { try? FileManager.default.removeItem(at: folder) }
    let item = cases[index]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (weights, config) = (folder.appending(path: "weights.h5"), folder.appending(path: "config.json"))
    try Data(files[item.weights] ?? []).write(to: weights)
    try Data(item.config.utf8).write(to: config)
    let graph: Graph
    do {
      graph = try KerasImporter.load(path: weights.path(), architecture: config.path()).graph
    } catch let error as PexError {
      let isNamed = error.message.contains(item.argument) && [.unsupported, .malformed].contains(error.kind)
      return (isNamed ? .refused : .unnamed, error.message)
    }
    let found = try Reference.run(graph, inputs: tensors(item, graph))
    let standard = cases[...index].last { $0.argument == "(defaults)" && $0.kind == item.kind }?.outputs
    guard let expected = item.outputs ?? standard else { return (.silent, "there is nothing to compare with") }
    guard found.count == expected.count, zip(found, expected).allSatisfy({ $0.shape.dimensions == $1.shape })
    else { return (.silent, "\(found.map(\.shape)), expected \(expected.map(\.shape))") }
    let difference = zip(found, expected).map { Self.difference($0.floats, $1) }.max() ?? .infinity
    guard difference < tolerance(item) else { return (.silent, "\(difference) off") }
    return (item.outputs == nil ? .withoutInfluence : .read, "")
  }

  /// Types of fewer bits round what Keras computes; a run computes in f32.
  private func tolerance(_ item: Case) -> Float {
    if item.value.contains("bfloat16") { return 0.05 }
    return item.value.contains("float16") ? 5e-3 : 1e-4
  }

  private func tensors(_ item: Case, _ graph: Graph) throws -> [Tensor] {
    try zip(graph.inputs, item.inputs.enumerated()).map { input, named in
      guard let array = inputs[named.element], let last = array.shape.last else {
        throw PexError(.malformed, "no array '\(named.element)'")
      }
      var numbers = array.numbers
      if named.offset > 0 {
        numbers = stride(from: 0, to: numbers.count, by: last).flatMap { numbers[$0..<$0 + last].reversed() }
      }
      let tensor = try Tensor(array.shape, numbers)
      guard input.layout == .channelsLast, array.shape.count >= 3 else { return tensor }
      return try tensor.permuted([0, array.shape.count - 1] + Swift.Array(1..<array.shape.count - 1))
    }
  }

  private static func difference(_ found: [Float], _ expected: Array) -> Float {
    let found = stride(from: 0, to: found.count, by: expected.step ?? 1).map { found[$0] }
    guard found.count == expected.numbers.count else { return .infinity }
    let largest = expected.numbers.reduce(0) { max($0, abs($1)) }
    let gap = zip(found, expected.numbers).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return gap / max(largest, .leastNormalMagnitude)
  }
}
