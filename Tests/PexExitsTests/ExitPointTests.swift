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

  /// x * sigmoid(x) by two nodes is an activation and no fork.
  @Test func anActivationOfTwoNodesIsNoFork() throws {
    var net = Sketch()
    var input = "x"
    for layer in 1...2 {
      net.conv("c\(layer)", input)
      net.lines += [
        "%s\(layer) = unary(%c\(layer)) {kind=sigmoid}", "%m\(layer) = binary(%c\(layer), %s\(layer)) {kind=multiply}",
      ]
      input = "m\(layer)"
    }
    net.classifier(input)
    #expect(try net.points() == ["m1", "m2"])
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

  /// TensorFlow's padding, spelled out in front of each convolution: what surrounds a map says nothing.
  @Test func theMapInFrontOfAPaddingIsTheExit() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.lines.append("%padded = pad(%r1) {before=[0,0,0,0], after=[0,0,1,1], value=0.0}")
    net.pool("p", "padded")
    net.conv("c2", "p")
    net.lines.append("%last = pad(%c2) {before=[0,0,1,1], after=[0,0,0,0], value=0.0}")
    net.classifier("last")
    #expect(try net.points() == ["p", "c2"])
    net.lines.removeAll { $0.contains("pooling(%padded)") || $0.hasPrefix("%c2 ") }
    net.lines.insert(
      "%c2 = convolution(%padded, %w) {kernel=[1,1], strides=[2,2], dilations=[1,1], padding=valid, rounds_up=0, groups=1}",
      at: net.lines.count - 5)
    #expect(try net.points() == ["r1", "c2"])
  }

  /// The last map of a network that classifies nothing is its answer when nothing follows the convolution that gives it.
  @Test(arguments: [("", ["r1"]), ("sigmoid", ["r1"]), ("relu", ["r1", "y"])])
  func anAnswerIsNoExit(activation: String, expected: [String]) throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.conv(activation.isEmpty ? "y" : "c2", "r1")
    if !activation.isEmpty { net.lines.append("%y = unary(%c2) {kind=\(activation)}") }
    net.lines.append("output %y")
    let graph = try Graph.parse(net.lines.joined(separator: "\n"))
    #expect(ExitPoint.all(in: graph).map { graph[$0.value].name } == expected)
    // The only exit stays, whatever it is.
    net.lines.removeAll { $0.hasPrefix("%c1") || $0.hasPrefix("%r1") }
    let short = try Graph.parse(net.lines.map { $0.replacing("%r1", with: "%x") }.joined(separator: "\n"))
    #expect(ExitPoint.all(in: short).map { short[$0.value].name } == ["y"])
  }

  /// Sequences have their features last, whichever way they were made of maps.
  @Test(arguments: ["turned", "turned and split", "columns"]) func aMapInFrontOfASequenceIsTheExit(way: String) throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    var features = 4
    switch way {
    case "turned":
      net.lines += [
        "%rows = reshape(%r1) {shape=[N,4,64]}", "%sequence = transpose(%rows) {permutation=[0,2,1]}",
      ]
    case "turned and split":
      net.lines += [
        "%rows = reshape(%r1) {shape=[N,4,64]}", "%t = transpose(%rows) {permutation=[0,2,1]}",
        "%split = reshape(%t) {shape=[N,1,64,4]}", "%sequence = reshape(%split) {shape=[N,64,4]}",
      ]
    default:
      features = 32
      net.lines += [
        "%t = transpose(%r1) {permutation=[0,3,1,2]}", "%split = reshape(%t) {shape=[N,1,8,32]}",
        "%sequence = reshape(%split) {shape=[N,8,32]}",
      ]
    }
    net.lines += [
      "constant %W: f32[9,\(features)] = random 3", "constant %R: f32[9,3] = random 4",
      "constant %B: f32[2,9] = random 5",
      """
      %steps: f32[N,\(way == "columns" ? 8 : 64),3], %last: f32[N,3] = recurrent(%sequence, %W, %R, %B) {cell=gru, reverse=0, \
      f=sigmoid, f_alpha=0.0, f_beta=0.0, g=tanh, g_alpha=0.0, g_beta=0.0, clip=inf, couples_gates=0, resets_after=1, \
      lengths=0, state=0, cell_state=0, peepholes=0}
      """,
      "output %last",
    ]
    #expect(try net.points() == [way == "columns" ? "r1" : "rows"])
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
    // Numbers and names mix.
    #expect(try Self.numbers("3,r4,c5") == [3, 4, 9])
  }

  @Test(arguments: ["9", "3,3", "0", "auto:9", "auto:0", "nothing", "x", "120%", "4,r4", "3,nothing", "w", "y2", ""])
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

  /// A second input is computed by nobody, so the exits in front of the place where it joins are as without it.
  @Test func anInputThatJoinsLateTakesNoExitAway() throws {
    func net(_ joins: Bool) -> Sketch {
      var net = Sketch()
      net.conv("c1", "x")
      net.relu("r1", "c1")
      net.conv("c2", "r1")
      net.relu("r2", "c2")
      net.lines += [
        "input %d: f32[N,1]", "%gap = global_pooling(%r2) {kind=average}", "%flat = reshape(%gap) {shape=[N,4]}",
        joins ? "%joined = binary(%flat, %d) {kind=add}" : "%joined = unary(%flat) {kind=relu}",
        "%y = linear(%joined, %fc)", "output %y",
      ]
      return net
    }
    #expect(try net(true).points() == ["r1", "r2"])
    #expect(try net(false).points() == ["r1", "r2"])
  }

  /// What a network reads again from the picture is needed behind the cut, as before.
  @Test func anInputThatIsReadAgainIsStillNeeded() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.add("a1", "c1", "x")
    net.conv("c2", "a1")
    net.classifier("c2")
    #expect(try net.points() == ["a1", "c2"])
  }

  /// A network that transposes to channels-last in front of its flatten: the tap is the map in front.
  @Test func aTranspositionOfTheChannelsEndsTheMaps() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.conv("c2", "r1")
    net.relu("r2", "c2")
    net.lines += [
      "constant %wide: f32[3,256] = random 3", "%last = transpose(%r2) {permutation=[0,2,3,1]}",
      "%flat = reshape(%last) {shape=[N,256]}", "%y = linear(%flat, %wide)", "output %y",
    ]
    #expect(try net.points() == ["r1", "r2"])
  }

  /// Between two transpositions, as around a normalisation over channels, maps are none that a head reads; behind them they are.
  @Test func mapsThatComeBackGoOn() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.lines += [
      "%out = transpose(%c1) {permutation=[0,2,3,1]}", "constant %m: f32[4,4] = random 4",
      "%product = matrix_product(%out, %m)", "%back = transpose(%product) {permutation=[0,3,1,2]}",
    ]
    net.conv("c2", "back")
    net.classifier("c2")
    #expect(try net.points() == ["c1", "back", "c2"])
  }

  /// Of few exit points the default's own request takes those that there are, as the default does.
  @Test func theDefaultAndItsOwnWordsAgree() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.conv("c2", "c1")
    net.classifier("c2")
    let graph = try net.graph()
    let asked = try ExitPlacement.place(try ExitRequest("auto:3"), in: graph)
    #expect(try asked == ExitPlacement.place(nil, in: graph) && asked.map(\.point.number) == [1, 2])
    #expect(throws: PexError.self) { try ExitPlacement.place(try ExitRequest("auto:4"), in: graph) }
  }

  /// Exporters call values by numbers, too: such a name counts where no exit point has the number.
  @Test func aValueMayBeCalledByANumber() throws {
    var net = Sketch()
    net.conv("2", "x")
    net.conv("145", "2")
    net.relu("r", "145")
    net.classifier("r")
    let graph = try net.graph()
    let points = ExitPoint.all(in: graph)
    func names(_ request: ExitRequest) throws -> [String] {
      try request.resolve(points, in: graph).map { graph[$0.value].name }
    }
    #expect(try names(ExitRequest("145")) == ["145"])
    #expect(try names(ExitRequest("2")) == ["r"])
    #expect(try names(.values(["2"])) == ["2"])
  }

  /// A segmenter's, a detector's or a sequence's exits are places for classes of one's own.
  @Test func networksThatAreNoClassifiersHavePlacesForHeads() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.conv("c2", "r1")
    net.relu("r2", "c2")
    net.lines += ["output %r2"]
    let graph = try net.graph()
    #expect(graph.classifier?.kind == OutputKind.none)
    // The output is as wide as what is in front of it, and ends in an activation: a backbone's.
    let open = try ExitPlacement.place(nil, in: graph)
    #expect(open.map { graph[$0.point.value].name } == ["r1", "r2"] && open.map(\.head.classes) == [1, 1])
    let all = ExitPoint.all(in: graph)
    let named = try ExitPlacement.place(at: all, kind: .linear, classes: 7, in: graph)
    #expect(named.map(\.head.classes) == [7, 7])
  }

  /// What decodes is no place for a head: a skip across the bottleneck takes no exit from the encoder.
  @Test func decodersHaveNoExits() throws {
    var net = Sketch()
    net.conv("c1", "x")
    net.relu("r1", "c1")
    net.lines.append(
      "%p1 = pooling(%r1) {kind=maximum, kernel=[2,2], strides=[2,2], dilations=[1,1], padding=valid, rounds_up=0, counts_padding=0}"
    )
    net.conv("c2", "p1")
    net.relu("bottom", "c2")
    net.lines += [
      "constant %up: f32[4,4,2,2] = random 5",
      "%grown = transposed_convolution(%bottom, %up) {kernel=[2,2], strides=[2,2], dilations=[1,1], before=[0,0], after=[0,0], extra=[0,0], groups=1}",
    ]
    net.add("joined", "grown", "r1")
    net.conv("c3", "joined")
    net.lines.append("output %c3")
    let graph = try net.graph()
    let points = ExitPoint.all(in: graph)
    #expect(points.map { graph[$0.value].name } == ["p1", "bottom"])
    // A name reaches any value that an output depends on.
    #expect(try ExitRequest("joined").resolve(points, in: graph).map { graph[$0.value].name } == ["joined"])
  }
}
