import PexTensor

/// Names that are taken, so that new ones differ from all of them, and what copying nodes may still cost.
final class TakenNames {
  /// Nodes, and their inputs, outputs and attributes, that copies may add to a model: fifty functions of which each
  /// calls the next one twice would fill any memory.
  private static let elementLimit = 1 << 18
  /// Bytes of names that copies may add.
  private static let textLimit = 1 << 24

  private var names: Set<String>
  /// How often a name was wanted: the next number to try.
  private var numbers: [String: Int] = [:]
  private var elements = 0
  private var text = 0

  /// The names of a model, those inside its nodes' graphs among them.
  init(_ names: Set<String>) { self.names = names }

  /// `wanted` itself or with a number behind it, and takes it.
  /// - Throws: ``PexError`` (unsupported) when the names become too long.
  func take(_ wanted: String) throws -> String {
    try count(text: wanted)
    guard !names.insert(wanted).inserted else { return wanted }
    var number = numbers[wanted] ?? 1
    while !names.insert("\(wanted)_\(number)").inserted { number += 1 }
    numbers[wanted] = number + 1
    return "\(wanted)_\(number)"
  }

  /// Counts a node that is copied under another name.
  /// - Throws: ``PexError`` (unsupported) beyond what a network can need.
  func count(_ node: ONNXNode, named name: String = "") throws {
    elements += 1 + node.inputs.count + node.outputs.count + node.attributes.count
    guard elements <= Self.elementLimit else {
      throw PexError(.unsupported, "the model's functions become more than \(Self.elementLimit) nodes and names")
    }
    try count(text: name)
  }

  private func count(text added: String) throws {
    text += added.utf8.count
    guard text <= Self.textLimit else {
      throw PexError(.unsupported, "names in the model's functions become more than \(Self.textLimit) bytes")
    }
  }
}
