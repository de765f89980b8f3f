/// The most that a file may hold. `Schemas/BUNDLE.md` lists the same numbers; raising one raises the minimum reader
/// version of the files that need it.
package enum BundleLimits {
  /// Sections of one file.
  package static let sections = 32
  /// Bytes of a section that holds a message: 4 MiB.
  package static let messageBytes = 4 << 20
  /// Bytes of a head file: 1 GiB. It is read into memory.
  package static let headFileBytes = 1 << 30
  /// Nodes of a graph.
  package static let nodes = 1 << 16
  /// Inputs and tensors of a graph, and what its nodes give.
  package static let values = 1 << 18
  /// What one node may read, and the outputs of a graph.
  package static let inputs = 1 << 12
  /// Settings of one node.
  package static let attributes = 32
  /// Axes of a tensor, and numbers in one setting.
  package static let axes = 16
  /// Numbers of one attribute.
  package static let attributeNumbers = 1 << 20
  /// UTF-8 bytes of a name of a value, node, setting or producer.
  package static let nameBytes = 4096
  /// Exit points, exits and personal heads.
  package static let exits = 512
  /// Labels or classes.
  package static let labels = 1 << 20
  /// UTF-8 bytes of a label.
  package static let labelBytes = 1024
}

extension BundleLimits {
  /// Checks a count.
  /// - Throws: ``PexError`` (malformed) when it is beyond `limit`.
  static func require(_ count: Int, _ what: String, _ limit: Int, _ section: String) throws {
    guard count <= limit else { throw BundleFault.limit(what, count: count, limit: limit).error(section) }
  }

  /// Checks the length of a name.
  /// - Throws: ``PexError`` (malformed) when it is longer than ``nameBytes``.
  static func require(name: String, _ section: String) throws {
    try require(name.utf8.count, "bytes in a name", nameBytes, section)
  }

  /// Checks a list of labels: at least one, none empty or over long, none twice, no control characters, which a
  /// terminal would obey.
  /// - Throws: ``PexError`` (malformed) naming the label.
  static func require(labels list: [String], _ section: String) throws {
    try require(list.count, "labels", labels, section)
    guard !list.isEmpty else {
      throw BundleFault.value("labels", expected: "one or more", found: "none").error(section)
    }
    var seen: Set<String> = []
    for (index, label) in list.enumerated() {
      try require(label.utf8.count, "bytes in a label", labelBytes, section)
      guard !label.isEmpty, !label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw BundleFault.value("label \(index)", expected: "text", found: "nothing or control characters")
          .error(section)
      }
      guard seen.insert(label).inserted else {
        throw BundleFault.value("label \(index)", expected: "unique labels", found: "'\(label)' again").error(section)
      }
    }
  }
}
