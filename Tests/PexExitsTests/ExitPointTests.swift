import PexExits
import PexGraph
import PexHeads
import PexTensor
import Testing

/// Writes networks as text with few words: what the tests are about are the connections.
struct Sketch {
  var lines = ["input %x: f32[N,4,8,8]", "constant %w: f32[4,4,1,1] = random 1", "constant %fc: f32[3,4] = random 2"]

  mutating func conv(_ output: String, _ input: String) {
    lines.append(
      "%\(output) = convolution(%\(input), %w) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}"
    )
  }
  mutating func relu(_ output: String, _ input: String) { lines.append("%\(output) = unary(%\(input)) {kind=relu}") }
  mutating func add(_ output: String, _ a: String, _ b: String) {
    lines.append("%\(output) = binary(%\(a), %\(b)) {kind=add}")
  }
  mutating func pool(_ output: String, _ input: String) {
    lines.append(
      "%\(output) = pooling(%\(input)) {kind=maximum, kernel=[3,3], strides=[1,1], dilations=[1,1], padding=same_upper, rounds_up=0, counts_padding=0}"
    )
  }
  mutating func classifier(_ input: String) {
    lines.append("%gap = global_pooling(%\(input)) {kind=average}")
    lines.append("%flat = reshape(%gap) {shape=[N,4]}")
    lines.append("%y = linear(%flat, %fc)")
    lines.append("output %y")
  }
  func graph() throws -> Graph {
    var graph = try Graph.parse(lines.joined(separator: "\n"))
    graph.classifier = try graph.findClassifier()
    return graph
  }
  func points() throws -> [String] {
    let graph = try graph()
    return ExitPoint.all(in: graph).map { graph[$0.value].name }
  }
}

@Suite struct ExitPointTests {
  @Test func aChainGivesTheLastValueBehindEachConvolution() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.pool("p1", "r1")
    net.conv("c2", "p1")
    net.relu("r2", "c2")
    net.classifier("r2")
    #expect(try net.points() == ["p1", "r2"])
  }

  @Test func residualBlocksGiveOneEach() throws {
    var net = Sketch()
    net.conv("stem", "x")
    net.relu("s", "stem")
    var input = "s"
    for block in 1...3 {
      net.conv("a\(block)", input)
      net.relu("ar\(block)", "a\(block)")
      net.conv("b\(block)", "ar\(block)")
      if block == 2 { net.conv("proj", input) }
      net.add("sum\(block)", "b\(block)", block == 2 ? "proj" : input)
      net.relu("out\(block)", "sum\(block)")
      input = "out\(block)"
    }
    net.classifier(input)
    #expect(try net.points() == ["s", "out1", "out2", "out3"])
  }

  @Test func aForkBeforeTheActivationCounts() throws {
    // Pre-activation blocks: the sum is read by the shortcut and by the activation.
    var net = Sketch()
    net.conv("stem", "x")
    var input = "stem"
    for block in 1...2 {
      net.relu("pre\(block)", input)
      net.conv("c\(block)", "pre\(block)")
      net.add("sum\(block)", "c\(block)", input)
      input = "sum\(block)"
    }
    net.relu("last", input)
    net.classifier("last")
    #expect(try net.points() == ["stem", "sum1", "last"])
  }

  @Test func denseBlocksGiveTheJoins() throws {
    var net = Sketch()
    net.conv("f0", "x")
    net.conv("f1", "f0")
    net.lines.append("%j1 = concat(%f0, %f1) {axis=1}")
    net.lines.append("constant %w8: f32[4,8,1,1] = random 5")
    net.lines.append(
      "%f2 = convolution(%j1, %w8) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}"
    )
    net.lines.append("%j2 = concat(%j1, %f2) {axis=1}")
    net.lines.append("constant %w12: f32[4,12,1,1] = random 6")
    net.lines.append(
      "%t = convolution(%j2, %w12) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}"
    )
    net.classifier("t")
    #expect(try net.points() == ["f0", "j1", "j2", "t"])
  }

  @Test func squeezeAndExciteIsNoEnd() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.lines.append("%se = global_pooling(%c1) {kind=average}")
    net.conv("squeeze", "se")
    net.lines.append("%gate = unary(%squeeze) {kind=sigmoid}")
    net.lines.append("%scaled = binary(%c1, %gate) {kind=multiply}")
    net.conv("c2", "scaled")
    net.classifier("c2")
    #expect(try net.points() == ["c1", "scaled", "c2"])
  }

  @Test func branchesGiveTheirJoin() throws {
    var net = Sketch()
    net.conv("stem", "x")
    net.conv("b1", "stem")
    net.conv("b2a", "stem")
    net.conv("b2", "b2a")
    net.add("joined", "b1", "b2")
    net.pool("p", "joined")
    net.conv("last", "p")
    net.classifier("last")
    #expect(try net.points() == ["stem", "p", "last"])
  }

  @Test func cellsThatReadTwoPredecessorsGiveOneEach() throws {
    var net = Sketch()
    net.conv("c0", "x")
    var (older, newer) = ("c0", "c0")
    for cell in 1...4 {
      net.conv("left\(cell)", newer)
      net.conv("right\(cell)", older)
      net.add("c\(cell)", "left\(cell)", "right\(cell)")
      (older, newer) = (newer, "c\(cell)")
    }
    net.relu("end", newer)
    net.classifier("end")

    #expect(try net.points() == ["c0", "c1", "c2", "c3", "end"])
  }

  @Test func aMapOfOnePixelBeforeTheGlobalPoolStillCounts() throws {
    var net = Sketch()
    net.lines[0] = "input %x: f32[N,4,1,1]"
    net.conv("c1", "x")
    net.conv("c2", "c1")
    net.classifier("c2")
    #expect(try net.points() == ["c1", "c2"])
  }

  @Test func exitsBehindTheFirstFlattenDoNotExist() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.pool("p", "c1")
    net.lines.append("constant %big: f32[3,256] = random 4")
    net.lines.append("%flat = reshape(%p) {shape=[N,256]}")
    net.lines.append("%y = linear(%flat, %big)")
    net.lines.append("output %y")
    #expect(try net.points() == ["p"])
  }
}

@Suite struct ExitRequestTests {
  static func graph() throws -> Graph {
    var net = Sketch()
    var input = "x"
    for layer in 1...8 {
      net.conv("c\(layer)", input)
      net.relu("r\(layer)", "c\(layer)")
      input = "r\(layer)"
    }
    net.classifier(input)
    return try net.graph()
  }

  static func numbers(_ text: String) throws -> [Int] {
    let graph = try graph()
    return try ExitRequest(text).resolve(ExitPoint.all(in: graph), in: graph).map(\.number)
  }

  @Test func everyFormResolves() throws {
    #expect(try Self.numbers("6,3") == [3, 6])
    #expect(try Self.numbers("25%,50%,75%") == [2, 4, 6])
    #expect(try Self.numbers("auto:3") == [2, 4, 6])
    // The final linear layer makes the half a little more than four of the eight convolutions.
    #expect(try Self.numbers("50%,50%") == [4, 5])
    #expect(try Self.numbers("gap,flat") == [9, 10])
    #expect(try Self.numbers("none") == [])
    #expect(try Self.numbers("r2,c5") == [2, 9])
  }

  @Test(arguments: ["9", "3,3", "0", "auto:9", "auto:0", "nothing", "x", "120%", "3,r4", "w", "y2", ""])
  func whatIsNotThereIsBadUsage(text: String) throws {
    let error = try #require(throws: PexError.self) { try Self.numbers(text) }
    #expect(error.kind == .usage)
  }

  @Test func theLastExitPointAlwaysGetsAPlace() throws {
    let graph = try Self.graph()
    #expect(try ExitPlacement.place(.numbers([2]), in: graph).map(\.point.number) == [2, 8])
    #expect(try ExitPlacement.place(nil, in: graph).map(\.point.number) == [2, 4, 6, 8])
    #expect(try ExitPlacement.place(ExitRequest.none, in: graph).isEmpty)
    let mixed = try ExitPlacement.place(.numbers([2, 4]), kind: .linear, kinds: [4: .conv], in: graph)
    #expect(mixed.map(\.head.kind) == [.linear, .conv, .linear])
    #expect(mixed[0].head.classes == 3)
    #expect(throws: PexError.self) { try ExitPlacement.place(.numbers([2]), kinds: [3: .conv], in: graph) }
  }
}
