import PexTensor

extension Graph {
  /// Reads the text form that ``text(allNumbers:)`` writes.
  ///
  /// Types behind node outputs may be left out. Besides `values 1 2 …`, a constant may be `random SEED` (normal
  /// numbers, a tenth wide) or `filled VALUE`. Lines that start with `#` and empty ones mean nothing.
  /// - Throws: ``PexError`` (malformed) naming the line.
  public static func parse(_ text: String) throws -> Graph {
    var graph = Graph()
    var known: [String: ValueID] = [:]
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      try naming("line \(number + 1)") {
        var scanner = TextScanner(line)
        if scanner.isAtEnd() || scanner.take("#") { return }
        try graph.parseLine(&scanner, &known)
        guard scanner.isAtEnd() else { throw PexError(.malformed, "text behind the end") }
      }
    }
    try graph.verify()
    return graph
  }

  private mutating func parseLine(_ scanner: inout TextScanner, _ known: inout [String: ValueID]) throws {
    func value(_ scanner: inout TextScanner) throws -> ValueID {
      let name = try scanner.name()
      guard let id = known[name] else { throw PexError(.malformed, "'%\(name)' is not known here") }
      return id
    }
    if scanner.take("input ") {
      let name = try scanner.name()
      try scanner.expect(":")
      let type = try Self.parseType(&scanner)
      let layout = scanner.isAtEnd() ? "nchw" : try scanner.word()
      guard let layout = InputLayout(rawValue: layout) else { throw PexError(.malformed, "layout '\(layout)'") }
      known[name] = try addInput(name, type, layout: layout)
    } else if scanner.take("constant ") {
      let name = try scanner.name()
      try scanner.expect(":")
      let type = try Self.parseType(&scanner)
      var stored = type
      if scanner.take("as ") { stored.dtype = try Self.parseDType(&scanner) }
      try scanner.expect("=")
      let id = try addConstant(name, try Self.parseTensor(&scanner, type))
      if stored != type { try restoreConstant(id, as: try self[id].constant?.asFloat16() ?? Tensor([], [0 as Float])) }
      known[name] = id
    } else if scanner.take("output ") {
      let id = try value(&scanner)
      let axis = scanner.take("batch") ? Int(try scanner.word()) : 0
      guard let axis else { throw PexError(.malformed, "expected an axis behind 'batch'") }
      addOutput(id, batchAxis: axis)
    } else if scanner.take("classifier ") {
      let output = try value(&scanner)
      let word = try scanner.word()
      guard let kind = OutputKind(rawValue: word) else { throw PexError(.malformed, "output kind '\(word)'") }
      classifier = Classifier(output: output, kind: kind, logits: try value(&scanner))
    } else {
      let outputs = try scanner.list(until: "=") { scanner in
        let name = try scanner.name()
        return (name, scanner.take(":") ? try Self.parseType(&scanner) : nil)
      }
      let mnemonic = try scanner.word()
      try scanner.expect("(")
      let inputs = try scanner.list(until: ")", value)
      let attributes = scanner.take("{") ? try scanner.list(until: "}", Self.parseAttribute) : []
      let operation = try Operation(mnemonic: mnemonic, attributes: attributes)
      let ids = try addNode(operation, inputs, outputs: outputs.map(\.0))
      for (id, output) in zip(ids, outputs) {
        if let type = output.1, type != self[id].type {
          throw PexError(.malformed, "'\(output.0)' is written as \(type), inferred as \(self[id].type)")
        }
        known[output.0] = id
      }
    }
  }

  private static func parseDType(_ scanner: inout TextScanner) throws -> DType {
    let word = try scanner.word()
    guard let dtype = DType(name: word) else { throw PexError(.malformed, "element type '\(word)'") }
    return dtype
  }

  private static func parseType(_ scanner: inout TextScanner) throws -> ValueType {
    let dtype = try parseDType(&scanner)
    try scanner.expect("[")
    return ValueType(dtype, try scanner.list(until: "]", parseDimension))
  }

  private static func parseDimension(_ scanner: inout TextScanner) throws -> Dimension {
    let word = try scanner.word()
    if word == "N" { return .batch }
    guard let extent = Int(word) else { throw PexError(.malformed, "expected an extent, found '\(word)'") }
    return .fixed(extent)
  }

  private static func parseAttribute(_ scanner: inout TextScanner) throws -> Attribute {
    let name = try scanner.word()
    try scanner.expect("=")
    if scanner.take("[") {
      let dimensions = try scanner.list(until: "]", parseDimension)
      let isSymbolic = dimensions.contains(.batch)
      return Attribute(name, isSymbolic ? .dimensions(dimensions) : .integers(dimensions.map(\.perSample)))
    }
    let word = try scanner.word()
    if let integer = Int(word) { return Attribute(name, .integer(integer)) }
    if let number = Double(word) { return Attribute(name, .float(number)) }
    return Attribute(name, .word(word))
  }

  private static func parseTensor(_ scanner: inout TextScanner, _ type: ValueType) throws -> Tensor {
    guard !type.hasBatch else { throw PexError(.malformed, "a constant has no batch") }
    let (extents, count) = (type.perSample, try type.sampleShape().count)
    let source = try scanner.word()
    var words: [String] = []
    while !scanner.isAtEnd() { words.append(try scanner.word()) }
    var numbers = words.compactMap(Float.init)
    switch (source, numbers.first) {
    case ("values", _): break
    case ("filled", 0) where type.dtype == .float32:
      // Memory comes zeroed and untouched, so a network of zeros costs nothing however large it is.
      return try Tensor(.float32, try type.sampleShape()) { _ in }
    case ("filled", let number?): numbers = Array(repeating: number, count: count)
    case ("random", let seed?) where seed >= 0 && seed < 1e9:
      var generator = SplitMix64(seed: UInt64(seed))
      numbers = (0..<count).map { _ in 0.1 * generator.normal() }
    default: throw PexError(.malformed, "expected 'values …', 'random SEED' or 'filled VALUE', found '\(source)'")
    }
    if type.dtype == .int64 { return try Tensor(extents, words.compactMap(Int64.init)) }
    guard type.dtype == .float32 else { throw PexError(.malformed, "constants are written as f32 or i64") }
    return try Tensor(extents, numbers)
  }
}
