import PexBundle
import PexGraph
import PexHeads
import PexTensor

/// The tiny network with everything that version 3 of the format brought.
enum Kinds {
  /// Exit points `left`, `relu` and `clipped`, of 3, 3 and 4 channels; others when a test says so.
  static func trunk(_ names: [String] = ["left", "relu", "clipped"], named: [String] = []) throws -> Trunk {
    let graph = try Tiny.graph().graph
    func values(_ names: [String]) throws -> [ValueID] {
      try names.map { name in
        guard let index = graph.values.firstIndex(where: { $0.name == name }) else {
          throw PexError(.defect, "no value \(name)")
        }
        return ValueID(index)
      }
    }
    return try Trunk(graph, exitPoints: values(names), named: values(named))
  }

  static func specification(
    _ trunk: Trunk, _ exit: Int, _ kind: HeadKind, earlier: [Int] = []
  ) throws -> HeadSpecification {
    func tap(_ exit: Int) throws -> (channels: Int, spatial: [Int]) {
      guard let point = trunk.exitPoint(exit), let tap = trunk.graph[point.value].type.tap else {
        throw PexError(.defect, "no exit point \(exit)")
      }
      return (tap.channels, tap.spatial)
    }
    let own = try tap(exit)
    return try HeadSpecification(
      kind: kind, channels: own.channels, spatial: own.spatial, classes: 3,
      earlier: earlier.map { EarlierTap(exit: $0, channels: try tap($0).channels) })
  }

  /// Statistics of a tap of so many channels.
  static func statistics(channels: Int, classes: Int = 3, rank: Int = 2) throws -> FeatureStatistics {
    var random = SplitMix64(seed: UInt64(channels))
    func tensor(_ dimensions: [Int]) throws -> Tensor {
      try Tensor(dimensions, (0..<dimensions.reduce(1, *)).map { _ in random.normal() })
    }
    let width = 2 * channels
    return try FeatureStatistics(
      counts: Tensor([classes], (0..<classes).map { Float(5 * $0) }), means: tensor([classes, width]),
      residual: Tensor([width], (0..<width).map { Float($0) / 4 }), factor: tensor([rank, width]))
  }

  /// Base heads of both kinds and statistics of the first two exit points.
  static func contents() throws -> BundleContents {
    let trunk = try trunk()
    var contents = BundleContents(trunk: trunk, labels: ["cat", "dog", "été"])
    let prototype = try specification(trunk, 1, .prototype)
    var numbers = try Head.random(prototype, seed: 1).parameters
    numbers[1] = try Tensor([3], [0, 2.5, 12])
    contents.exits = [
      ExitRecord(exit: 1, head: try Head(prototype, parameters: numbers)),
      ExitRecord(exit: 2, specification: try specification(trunk, 2, .multitap, earlier: [1])),
      ExitRecord(
        exit: 3, head: try Head.random(specification(trunk, 3, .multitap, earlier: [1, 2]), seed: 3), threshold: 0.5),
    ]
    contents.statistics = try [1, 2].map { ExitStatistics(exit: $0, try statistics(channels: 3)) }
    return contents
  }

  /// A person's heads for those contents: the last one reads both taps in front of it.
  static func heads() throws -> HeadFile {
    let contents = try contents()
    let trunk = contents.trunk
    return try HeadFile(
      for: contents, classes: ["cat", "dog", "mine"],
      heads: [
        PersonalHead(Head.random(specification(trunk, 1, .prototype), seed: 4), for: trunk, exit: 1),
        PersonalHead(Head.random(specification(trunk, 3, .multitap, earlier: [1, 2]), seed: 5), for: trunk, exit: 3),
      ])
  }

  /// A file to change, of the version that it needs.
  static func attack(_ bytes: [UInt8]) -> Attack {
    var attack = Attack(bytes)
    (attack.version, attack.minimum) = (3, 3)
    return attack
  }
}

extension Attack {
  /// Changes the content of the last message that a field of a section's message holds, and its length.
  mutating func edit(last field: UInt8, of kind: SectionKind, _ change: (inout [UInt8]) throws -> Void) throws {
    guard let index = sections.firstIndex(where: { $0.kind == kind.rawValue }) else {
      throw PexError(.defect, "no such section")
    }
    let bytes = sections[index].bytes
    var (position, found) = (0, nil as (start: Int, content: Range<Int>)?)
    while position < bytes.count {
      let (start, tag) = (position, bytes[position])
      position += 1
      let number = varint(bytes, &position)
      guard tag & 7 != 5 else { throw PexError(.defect, "a field of another type") }
      guard tag & 7 == 2 else { continue }
      if tag >> 3 == field { found = (start + 1, position..<position + number) }
      position += number
    }
    guard let found else { throw PexError(.defect, "no such field") }
    var content = Array(bytes[found.content])
    try change(&content)
    sections[index].bytes.replaceSubrange(
      found.start..<found.content.upperBound, with: varint(content.count) + content)
  }
}

private func varint(_ bytes: [UInt8], _ position: inout Int) -> Int {
  var (number, shift) = (0, 0)
  while true {
    let byte = bytes[position]
    number |= Int(byte & 0x7F) << shift
    (position, shift) = (position + 1, shift + 7)
    if byte < 0x80 { return number }
  }
}

/// A number as messages hold it.
func varint(_ number: Int) -> [UInt8] {
  number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F | 0x80)] + varint(number >> 7)
}
