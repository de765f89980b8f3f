import PexGraph
import PexTensor
import Testing

/// Which output answers, what its numbers are, and what its logits are made of.
@Suite struct ClassifierTests {
  /// The classifier of a graph with an input `x`, in words: output, kind, and the type and text of the logits.
  private func found(
    _ lines: String, x: String = "[N,5]", output: String? = nil, kind: OutputKind? = nil
  ) throws -> [String] {
    var graph = try Graph.parse("input %x: f32\(x)\n" + lines)
    guard let found = try graph.findClassifier(output: output, kind: kind) else { return [] }
    graph.classifier = found
    try graph.verify()
    return [graph[found.output].name, found.kind.rawValue, graph[found.logits].name, "\(graph[found.logits].type)"]
  }

  @Test(arguments: ["[N,5,1,1]", "[N,1,5]", "[N,1,1,5]", "[1,5,1,1]"]) func aRowOfNumbersIsAClassifier(x: String) throws
  {
    let batch = x.hasPrefix("[N") ? "N" : "1"
    let plain = try found("%y = unary(%x) {kind=relu}\noutput %y", x: x)
    #expect(plain == ["y", "logits", "y.logits", "f32[\(batch),5]"])
    let axis = x == "[N,1,5]" ? 2 : x == "[N,1,1,5]" ? 3 : 1
    let lines = "%l = unary(%x) {kind=relu}\n%y = softmax(%l) {axis=\(axis), logarithm=0}\noutput %y"
    #expect(try found(lines, x: x) == ["y", "probabilities", "y.logits", "f32[\(batch),5]"])
    #expect(try found(lines, x: x, kind: OutputKind.none) == ["y", "none", "y", "f32\(x)"])
  }

  /// A network for one sample may leave the batch out.
  @Test func oneSamplesRowNeedsNoBatch() throws {
    let lines = "%r = reshape(%x) {shape=[5]}\n%y = softmax(%r) {axis=0, logarithm=0}\noutput %y"
    #expect(try found(lines, x: "[1,5]") == ["y", "probabilities", "y.logits", "f32[1,5]"])
  }

  @Test(arguments: ["[N,5,4,4]", "[N,2,5]", "[2,5,1,1]"]) func otherMapsAreNone(x: String) throws {
    let lines = "%y = unary(%x) {kind=relu}\noutput %y"
    #expect(try found(lines, x: x) == ["y", "none", "y", "f32\(x)"])
    let error = try #require(throws: PexError.self) { try found(lines, x: x, kind: .logits) }
    #expect(error.kind == .usage)
  }

  /// One sigmoid: its argument `z` becomes `[0, z]`, whose softmax is `[1 - p, p]`.
  @Test(arguments: ["[N,1]", "[N,1,1,1]", "[N]"]) func oneSigmoidIsTwoClasses(x: String) throws {
    let lines = "%y = unary(%x) {kind=sigmoid}\noutput %y"
    let answer = try found(lines, x: x)
    #expect(Array(answer.prefix(2)) == ["y", "probabilities"] && answer[3] == "f32[N,2]")
    var graph = try Graph.parse("input %x: f32\(x)\n" + lines)
    graph.classifier = try graph.findClassifier()
    #expect(graph.answersWithOneNumber && !graph.hasManyLabels)
    let pad = try #require(graph.nodes.last)
    #expect(pad.operation == .pad(Pad(before: [0, 1], after: [0, 0])))
  }

  /// One number may be anything, an age or a distance, unless somebody says that it is a logit.
  @Test func oneNumberIsNoClassifierUnlessSomebodySaysSo() throws {
    let lines = "%y = unary(%x) {kind=tanh}\noutput %y"
    #expect(try found(lines, x: "[N,1]").prefix(2) == ["y", "none"])
    #expect(try found(lines, x: "[N,1]", kind: .logits) == ["y", "logits", "y.logits", "f32[N,2]"])
  }

  @Test func sigmoidsOfManyClassesAreManyLabels() throws {
    var graph = try Graph.parse("input %x: f32[N,5]\n%y = unary(%x) {kind=sigmoid}\noutput %y")
    graph.classifier = try graph.findClassifier()
    #expect(graph.classifier?.kind == OutputKind.none && graph.hasManyLabels)
    // Unless somebody says that only one holds: what the sigmoids read are logits then.
    let one = try #require(try graph.findClassifier(kind: .probabilities))
    #expect(one.kind == .probabilities && graph[one.logits].name == "x")
  }

  private static let layer = "constant %w: f32[7,5] = random 1\n"

  /// An embedding in front of the classifier is none; probabilities beside their logits change nothing.
  @Test func whatAnotherOutputIsComputedFromIsNoClassifier() throws {
    let embedding = Self.layer + "%e = unary(%x) {kind=relu}\n%y = linear(%e, %w)\noutput %e\noutput %y"
    #expect(try found(embedding).first == "y")
    #expect(try found(embedding, output: "e").first == "e")
    // The embedding may be scaled for its users alone.
    let scaled =
      Self.layer
      + "constant %v: f32[5,5] = random 2\n%f = linear(%x, %v)\n%e = unary(%f) {kind=tanh}\n%y = linear(%f, %w)\n"
      + "output %e\noutput %y"
    #expect(try found(scaled).first == "y")
    let both =
      Self.layer + "%l = linear(%x, %w)\n%p = softmax(%l) {axis=1, logarithm=0}\noutput %l\noutput %p"
    #expect(try found(both).first == "l")
    // Two branches: the first, as ever.
    let apart = Self.layer + "%a = linear(%x, %w)\n%b = linear(%x, %w)\noutput %a\noutput %b"
    #expect(try found(apart).first == "a")
    // Boxes beside classes: those with a softmax answer, wherever they are listed.
    for end in ["%p = softmax(%b) {axis=1, logarithm=0}", "%p = softmax(%b) {axis=1, logarithm=1}"] {
      let boxes = Self.layer + "%a = linear(%x, %w)\n%b = linear(%x, %w)\n\(end)\noutput %a\noutput %p"
      #expect(try found(boxes).first == "p")
      #expect(try found(boxes + "\noutput %b").first == "p")
      let gates = boxes.replacing("output %a", with: "%s = unary(%a) {kind=sigmoid}\noutput %s")
      #expect(try found(gates).first == "p")
    }
  }

  /// Embeddings that are compared by their direction are no logits; a softmax spelled out is none of them.
  @Test func numbersOfLengthOneAreNoClassifier() throws {
    let norm = "%n = reduce(%x) {kind=norm, axes=[1], keeps_axes=1}\n"
    #expect(try found(norm + "%y = binary(%x, %n) {kind=divide}\noutput %y")[1] == "none")
    let spelled =
      "%s = binary(%x, %x) {kind=multiply}\n%t = reduce(%s) {kind=sum, axes=[1], keeps_axes=1}\n"
      + "%r = unary(%t) {kind=square_root}\n%y = binary(%x, %r) {kind=divide}\noutput %y"
    #expect(try found(spelled)[1] == "none")
    #expect(try found(spelled, kind: .logits)[1] == "logits")
    let shares =
      "%e = unary(%x) {kind=exponential}\n%t = reduce(%e) {kind=sum, axes=[1], keeps_axes=1}\n"
      + "%y = binary(%e, %t) {kind=divide}\noutput %y"
    #expect(try found(shares)[1] == "logits")
    #expect(
      try found(Self.layer + norm + "%d = binary(%x, %n) {kind=divide}\n%y = linear(%d, %w)\noutput %y")[1] == "logits")
  }

  @Test func aRowOfSeveralNumbersComesBeforeOneNumberAndMaps() throws {
    let lines =
      Self.layer + "constant %v: f32[1,5] = random 2\n%one = linear(%x, %v)\n%many = linear(%x, %w)\n"
      + "%map = reshape(%x) {shape=[N,5,1,1]}\noutput %one\noutput %map\noutput %many"
    #expect(try found(lines).first == "many")
  }

  /// Of several inputs pictures fill the one that can be a picture.
  @Test(arguments: [
    (["[N,3,8,8]"], "x0"), (["[N,3,8,8]", "[N,4]"], "x0"), (["[N,1,1,1]", "[N,1,8,8]"], "x1"),
    (["[N,16,8,8]", "[N,3,8,8]"], "x1"), (["[N,3,8,8]", "[N,1,8,8]"], nil), (["[2,3,8,8]"], nil), (["[N,9]"], nil),
  ])
  func picturesFillTheInputThatCanBeOne(inputs: [String], expected: String?) throws {
    let lines = inputs.enumerated().map { "input %x\($0): f32\($1)" }
    let graph = try Graph.parse(lines.joined(separator: "\n") + "\noutput %x0")
    #expect(graph.pictureInput.map { graph[$0.value].name } == expected)
  }
}
