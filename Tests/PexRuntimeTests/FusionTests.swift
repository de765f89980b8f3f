import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// What kernels do besides their own work: adding a residual, and a function of the result.
@Suite struct FusionTests {
  /// What stands in front. Channels fill no whole number of blocks.
  enum Work: String, CaseIterable {
    case direct, pointwise, plainInput, grouped, depthwise, winograd, wholeMap, linear

    func made(in sketch: inout Sketch) throws -> ValueID {
      switch self {
      case .direct: try sketch.convolution(sketch.input([.batch, 20, 7, 5]), 21, 3)
      case .pointwise: try sketch.convolution(sketch.input([.batch, 20, 7, 5]), 21, 1)
      case .plainInput: try sketch.convolution(sketch.input([.batch, 3, 7, 5]), 21, 3)
      case .grouped: try sketch.convolution(sketch.input([.batch, 24, 7, 5]), 24, 3, groups: 3)
      case .depthwise: try sketch.convolution(sketch.input([.batch, 20, 7, 5]), 20, 3, groups: 20)
      case .winograd: try sketch.convolution(sketch.input([.batch, 20, 16, 18]), 20, 3)
      case .wholeMap: try sketch.convolution(sketch.input([.batch, 20, 3, 3]), 21, Window(kernel: [3, 3]))
      case .linear:
        try sketch.add(.linear(Linear()), sketch.input([.batch, 20]), sketch.constant([21, 20], scale: 0.2))
      }
    }

    var kernel: String {
      switch self {
      case .direct, .pointwise, .plainInput, .grouped: "direct"
      case .depthwise, .linear: rawValue
      case .winograd: "winograd 4x4"
      case .wholeMap: "linear"
      }
    }
  }

  /// Zeros around what a convolution reads, which PyTorch's ports of TensorFlow's networks write as a node.
  @Test(arguments: [([1, 1], [1, 1]), ([0, 0], [1, 1]), ([2, 0], [1, 3])], [1, 2])
  func zerosInFrontAreReachedOver(edges: ([Int], [Int]), stride: Int) throws {
    // Each channel by itself; all together, of a picture and of a map. Tiles of Winograd's are not among them.
    for (channels, groups, kernel) in [(20, 20, "depthwise"), (3, 1, "direct"), (20, 1, "direct"), (20, 4, "direct")] {
      guard stride == 2 || groups != 1 else { continue }
      var sketch = Sketch(seed: 5)
      let x = try sketch.input([.batch, .fixed(channels), 8, 9])
      let padded = try sketch.add(.pad(Pad(before: [0, 0] + edges.0, after: [0, 0] + edges.1)), x)
      let window = Window(kernel: [3, 3], strides: [stride, stride])
      let y = try sketch.convolution(padded, channels == 3 ? 8 : 20, window, groups: groups)
      let graph = try sketch.finished(y)
      for isa in InstructionSet.available {
        let steps = try Runs.profiled(graph, try randomInputs(graph, batch: 1, seed: 2), isa).steps
        #expect(steps.filter { $0.kernel != "reorder" }.map(\.kernel) == [kernel], "\(isa.name)")
      }
      #expect(try Runs.error(graph, seed: 3) < 2e-6)
      #expect(try Runs.isSteady(graph, seed: 4))
    }
  }

  enum Residual: CaseIterable { case none, onTheRight, onTheLeft }

  @Test(arguments: Work.allCases, ActivationBehind.allCases)
  func residualsAndActivationsAreFusedAndWhatTheInterpreterComputes(work: Work, behind: ActivationBehind) throws {
    for residual in Residual.allCases {
      var sketch = Sketch(seed: 1)
      var y = try work.made(in: &sketch)
      switch residual {
      case .none: break
      case .onTheRight: y = try sketch.binary(.add, y, sketch.input(like: y))
      case .onTheLeft: y = try sketch.binary(.add, sketch.input(like: y), y)
      }
      let graph = try sketch.finished(try behind.applied(to: y, in: &sketch))
      let inputs = try randomInputs(graph, batch: 1, seed: 2)
      for isa in InstructionSet.available {
        let steps = try Runs.profiled(graph, inputs, isa).steps
        #expect(steps.filter { $0.kernel != "reorder" }.map(\.kernel) == [work.kernel], "\(residual) on \(isa.name)")
      }
      let bound: Float = work == .winograd ? WinogradTests.bound : 2e-6
      #expect(try Runs.error(graph, seed: 3) < bound, "\(residual)")
      #expect(try Runs.isSteady(graph, seed: 4), "\(residual)")
    }
  }

  @Test func gatesThatAreNoSwishStayApart() throws {
    // Another slope, and a product with something else.
    var other = Sketch(seed: 1)
    let a = try other.convolution(other.input([.batch, 5, 6, 6]), 5, 3)
    let b = try other.unary(.hardSigmoid(alpha: 0.2, beta: 0.5), a)
    let slope = try other.finished(other.binary(.multiply, a, b))
    var mixed = Sketch(seed: 1)
    let c = try mixed.convolution(mixed.input([.batch, 5, 6, 6]), 5, 3)
    let d = try mixed.unary(.sigmoid, c)
    let product = try mixed.finished(mixed.binary(.multiply, mixed.input(like: c), d), c)
    for graph in [slope, product] {
      #expect(try Runs.error(graph, seed: 5) < 1e-6)
      #expect(try Runs.isSteady(graph, seed: 6))
    }
  }

  @Test func aSumOfTwoResultsIsAddedToOneOfThem() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.input([.batch, 19, 6, 5])
    let sum = try sketch.binary(.add, sketch.convolution(x, 19, 3), sketch.convolution(x, 19, 1))
    let graph = try sketch.finished(sketch.unary(.relu, sum))
    let steps = try Runs.profiled(graph, randomInputs(graph, batch: 1, seed: 7)).steps
    #expect(
      steps.filter { $0.kernel == "direct" }.map(\.mnemonic).sorted() == ["convolution", "convolution+binary+unary"])
    #expect(try Runs.error(graph, seed: 8) < 1e-6)
    #expect(try Runs.isSteady(graph, seed: 9))
  }

  @Test func aResultThatSomebodyElseReadsIsKept() throws {
    var sketch = Sketch(seed: 2)
    let y = try sketch.convolution(sketch.input([.batch, 19, 6, 5]), 19, 3)
    let active = try sketch.unary(.relu, y)
    let doubled = try sketch.binary(.add, y, y)
    let graph = try sketch.finished(sketch.binary(.subtract, sketch.unary(.sigmoid, doubled), active), y)
    #expect(try Runs.error(graph, seed: 10) < 1e-6)
    #expect(try Runs.isSteady(graph, seed: 11))
  }
}
