import PexBundle
import PexConsole
import PexGraph
import PexRuntime

/// What another runtime needs to know besides the graph: how logits become answers, and pictures inputs. The metadata of an
/// ONNX file and `stages.json` both say it.
struct EmissionDescription {
  private let contents: BundleContents
  private let heads: HeadSet
  private let exits: [HeadSet.Entry]

  init(_ contents: BundleContents, _ heads: HeadSet, _ exits: [HeadSet.Entry]) {
    self.contents = contents
    self.heads = heads
    self.exits = exits
  }

  /// Every statement with its name; null where there is nothing to say.
  var members: [(key: String, value: JSON)] {
    [
      ("inputs", .array(graph.inputs.map(input))), ("exits", .array(exits.map(exit))), ("final", final),
      ("policy", .optional(heads.policy) { .string("\($0.kind.rawValue):\($0.value)") }),
      ("classes", names(heads.classes)),
      ("prior", .optional(heads.prior) { .array($0.map(JSON.exact)) }),
      ("preprocessing", .optional(contents.preprocessing, pictures)),
      ("producer", contents.producer.isEmpty ? .null : .string(contents.producer)),
      ("trunk_digest", .string("\(contents.trunk.digest)")),
    ]
  }

  private var graph: Graph { contents.trunk.graph }

  private func names(_ names: [String]?) -> JSON { .optional(names) { .array($0.map(JSON.string)) } }

  private func input(_ input: GraphInput) -> JSON {
    let value = graph[input.value]
    return .members([
      "name": .string(value.name),
      "shape": .array(input.layout.arrayType(value.type).perSample.map(JSON.integer)),
      "batch": .bool(value.type.hasBatch), "layout": .string(input.layout.rawValue),
    ])
  }

  /// Probabilities are `softmax(logits / temperature + log(prior))`; the policy compares what follows with the threshold.
  private func exit(_ entry: HeadSet.Entry) -> JSON {
    let point = contents.trunk.exitPoint(entry.exit)
    let threshold = heads.policy.map { policy in
      policy.thresholds.first { $0.exit == entry.exit }?.threshold ?? policy.value
    }
    let share = Double(point?.multiplyAccumulates ?? 0) / Double(max(graph.cost().multiplyAccumulates, 1))
    return .members([
      "exit": .integer(entry.exit), "output": .string("exit\(entry.exit)"),
      "value": .optional(point) { .string(graph[$0.value].name) },
      "head": .string(entry.head.specification.kind.rawValue), "temperature": .exact(entry.head.temperature),
      "threshold": .optional(threshold, JSON.exact), "enabled": .bool(entry.isEnabled),
      "macs_fraction": .number(share),
    ])
  }

  /// The network's own classifier. Where it is no answer to a person any more, the last enabled exit is the last resort;
  /// `places` are those of the person's classes among its own, where a last resort is limited to them.
  private var final: JSON {
    guard let classifier = graph.classifier, classifier.kind != .none else { return .null }
    let members: KeyValuePairs<String, JSON> = [
      "output": .string(graph[classifier.output].name), "kind": .string(classifier.kind.rawValue),
      "classes": names(contents.classNames), "answers": .bool(!heads.replacesFinal),
      "places": .optional(heads.finalPlaces) { .array($0.map { .optional($0, JSON.integer) }) },
      "weight": .exact(heads.lastResort.classifier),
      "added": .optional(heads.lastResort.asksClassifier ? heads.lastResort.exit : nil) { exit in
        .members(["exit": .integer(exit), "weight": .exact(heads.lastResort.head)])
      },
    ]
    // Said of such outputs alone: one number, of the second class.
    let isOne: [(key: String, value: JSON)] = graph.answersWithOneNumber ? [("is_second_of_two", true)] : []
    return .object(members.map { ($0.key, $0.value) } + isOne)
  }

  private func pictures(_ record: PreprocessingRecord) -> JSON {
    .members([
      "resize": .optional(record.resize, JSON.integer),
      "crop": .optional(record.cropHeight) { .array([.integer($0), .integer(record.cropWidth ?? $0)]) },
      "channels": .string(record.channels.rawValue), "scale": .exact(record.scale),
      "mean": .array(record.mean.map(JSON.exact)), "std": .array(record.standardDeviation.map(JSON.exact)),
    ])
  }
}
