import PexGraph
import PexHeads
import PexTensor

/// What a digest of a prefix depends on.
enum DigestScope {
  /// Everything that decides the numbers: a head that was trained on them fits.
  case exact
  /// The operations and the extents of tensors, but neither their bytes nor how they are stored: tells "the same
  /// architecture with other weights" from "another model".
  case structure
}

extension Graph {
  /// The prefix digest of every given value: a Merkle DAG of SHA-256 over what the value is computed from, as
  /// `Schemas/BUNDLE.md` ("Digests") spells it out. Names, the order of independent nodes and everything that comes
  /// later do not matter. Every tensor is hashed once, at some 1.8 GB/s.
  /// - Throws: ``PexError`` (defect) when the graph has not been verified and a value has no source.
  public func prefixDigests(of values: [ValueID]) throws -> [Digest] { try digests(of: values, .exact) }

  /// As ``prefixDigests(of:)``, but without the bytes and the storage of tensors.
  /// - Throws: ``PexError`` (defect) when the graph has not been verified and a value has no source.
  public func structureDigests(of values: [ValueID]) throws -> [Digest] { try digests(of: values, .structure) }

  /// The prefix digests of some values, and the digest of the trunk: of all its outputs in order. Tensors are hashed
  /// once.
  /// - Throws: ``PexError`` (defect) when the graph has not been verified and a value has no source.
  public func allDigests(of values: [ValueID]) throws -> (prefixes: [Digest], trunk: Digest) {
    let all = try digests(of: values, .exact, trunk: true)
    guard let trunk = all.last else { throw PexError(.defect, "no digest was computed") }
    return (all.dropLast(), trunk)
  }

  /// - Parameter given: digests of values that are computed elsewhere.
  fileprivate func digests(
    of values: [ValueID], _ scope: DigestScope, trunk: Bool = false, given: [ValueID: Digest] = [:]
  ) throws -> [Digest] {
    var known = given
    for (position, input) in inputs.enumerated() where known[input.value] == nil {
      known[input.value] = inputDigest(input, at: position)
    }
    func digest(of id: ValueID) throws -> Digest {
      if let digest = known[id] { return digest }
      guard self.values.indices.contains(id.index), let tensor = self[id].constant else {
        throw PexError(.defect, "value #\(id.index) has no source to hash")
      }
      let digest = tensor.digest(scope)
      known[id] = digest
      return digest
    }
    for index in ancestors(of: values + (trunk ? outputs : [])).nodes {
      let node = nodes[index]
      let inputs = try node.inputs.map(digest(of:))
      let whole = node.operation.digest(inputs: inputs)
      for (position, output) in node.outputs.enumerated() {
        var writer = DigestWriter(tag: "pex.output.1")
        writer.add(whole)
        writer.add(position)
        known[output] = writer.finish()
      }
    }
    var result = try values.map(digest(of:))
    if trunk {
      var writer = DigestWriter(tag: "pex.trunk.1")
      writer.add(outputs.count)
      for output in outputs { writer.add(try digest(of: output)) }
      result.append(writer.finish())
    }
    return result
  }

  private func inputDigest(_ input: GraphInput, at position: Int) -> Digest {
    var writer = DigestWriter(tag: "pex.input.1")
    let type = self[input.value].type
    writer.add(position)
    writer.add(type.dtype.rawValue)
    writer.add(type.dimensions)
    writer.add(input.layout.rawValue)
    return writer.finish()
  }
}

extension Branch {
  /// The prefix digest of the map that the branch computes: as if its convolutions were nodes of the graph behind the tap,
  /// whose prefix digest is given.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  public func digest(behind tap: Digest) throws -> Digest {
    var graph = Graph()
    let extents = [specification.channels] + specification.spatial
    let input = try graph.addInput("tap", ValueType(.float32, [.batch] + extents.map { .fixed($0) }))
    let map = try graph.add(self, on: input, name: "branch")
    guard let digest = try graph.digests(of: [map], .exact, given: [input: tap]).first else {
      throw PexError(.defect, "no digest was computed")
    }
    return digest
  }
}

extension DigestWriter {
  /// Extents behind their number; the batch is -1.
  mutating func add(_ dimensions: [Dimension]) { add(dimensions.map(\.stored)) }

  mutating func add(_ numbers: [Int]) {
    add(numbers.count)
    for number in numbers { add(number) }
  }

  mutating func add(_ value: AttributeValue) {
    switch value {
    case .integer(let number):
      add(1 as UInt8)
      add(number)
    case .float(let number):
      add(2 as UInt8)
      add(number.bitPattern)
    case .integers(let numbers):
      add(3 as UInt8)
      add(numbers)
    case .word(let word):
      add(4 as UInt8)
      add(word)
    case .dimensions(let dimensions):
      add(5 as UInt8)
      add(dimensions)
    }
  }
}

extension Tensor {
  fileprivate func digest(_ scope: DigestScope) -> Digest {
    switch scope {
    case .exact:
      var writer = DigestWriter(tag: "pex.tensor.1")
      writer.add(dtype.rawValue)
      writer.add(shape.dimensions)
      withBytes { writer.add(bytes: $0) }
      return writer.finish()
    case .structure:
      var writer = DigestWriter(tag: "pex.shape.1")
      writer.add(shape.dimensions)
      return writer.finish()
    }
  }
}

extension Operation {
  fileprivate func digest(inputs: [Digest]) -> Digest {
    var writer = DigestWriter(tag: "pex.node.1")
    writer.add(code)
    writer.add(version)
    let attributes = payload.attributes
    writer.add(attributes.count)
    for attribute in attributes {
      writer.add(attribute.name)
      writer.add(attribute.value)
    }
    writer.add(inputs.count)
    for input in inputs { writer.add(input) }
    return writer.finish()
  }
}

extension Dimension {
  /// The extent as files and digests hold it: -1 is the batch.
  var stored: Int {
    switch self {
    case .batch: -1
    case .fixed(let extent): extent
    }
  }

  /// The extent that a file holds, or nil when it is below -1.
  init?(stored: Int) {
    guard stored >= -1 else { return nil }
    self = stored == -1 ? .batch : .fixed(stored)
  }
}
