import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// NaN and infinity stay where the definition of an operation takes them: neither unused lanes of a block nor padding
/// carry them elsewhere.
///
/// Two kernels compute more than that definition asks for, by products with zero. A grouped convolution gives NaN for
/// any output channel whose panel, one or two blocks wide, reads a group with such a number. Winograd's
/// algorithm gives NaN for every pixel of a tile of 4x4 whose patch of 6x6 holds one, in all channels.
@Suite struct NotANumberTests {
  static let poisons: [Float] = [.nan, .infinity, -.infinity]

  /// An input of one sample with a number that is none in one place.
  private func poisoned(_ graph: Graph, _ poison: Float, channel: Int, pixel: Int) throws -> [Tensor] {
    var inputs = try randomInputs(graph, batch: 1, seed: 1)
    let extents = inputs[0].shape.dimensions
    var numbers = inputs[0].floats
    numbers[channel * extents.dropFirst(2).reduce(1, *) + pixel] = poison
    inputs[0] = try Tensor(extents, numbers)
    return inputs
  }

  /// Whether all levels give finite numbers just where the interpreter does, and the same ones.
  private func staysInPlace(_ make: (inout Sketch, ValueID) throws -> ValueID) throws -> Bool {
    for channels in [1, 3, 17, 20] {
      var sketch = Sketch(seed: channels)
      let x = try sketch.input([.batch, .fixed(channels), 6, 5])
      let graph = try sketch.finished(make(&sketch, x))
      for poison in Self.poisons {
        let inputs = try poisoned(graph, poison, channel: channels - 1, pixel: 13)
        let expected = try Reference.run(graph, inputs: inputs)[0].floats
        for isa in InstructionSet.available {
          let found = try Runs.values(graph, inputs, isa, threads: 2)[0].floats
          let agree = zip(found, expected).allSatisfy { found, wanted in
            wanted.isFinite ? abs(found - wanted) <= 1e-5 * max(1, abs(wanted)) : !found.isFinite
          }
          guard agree else { return false }
        }
      }
    }
    return true
  }

  @Test func inConvolutions() throws {
    #expect(try staysInPlace { try $0.convolution($1, 9, 3) })
    #expect(try staysInPlace { try $0.convolution($1, 9, 1) })
    #expect(try staysInPlace { try $0.convolution($1, $0.extents($1)[1], 3, groups: $0.extents($1)[1]) })
    let strided = Window(kernel: [5, 3], strides: [2, 2], dilations: [1, 2], padding: .sameLower)
    #expect(try staysInPlace { try $0.convolution($1, 9, strided) })
  }

  @Test func inElementwiseSteps() throws {
    #expect(try staysInPlace { try $0.normalization($0.unary(.leakyRelu(alpha: 0.5), $1)) })
    #expect(try staysInPlace { try $0.binary(.maximum, $0.convolution($0.input(like: $1), $0.extents($1)[1], 3), $1) })
    #expect(try staysInPlace { try $0.add(.globalPooling(GlobalPooling(kind: .average)), $1) })
    #expect(try staysInPlace { try $0.add(.globalPooling(GlobalPooling(kind: .maximum)), $0.unary(.absolute, $1)) })
    for kind in Pooling.Kind.allCases {
      let pooling = Pooling(kind: kind, window: Window(kernel: [3, 3], strides: [2, 1], padding: .sameUpper))
      #expect(try staysInPlace { try $0.add(.pooling(pooling), $0.unary(.absolute, $1)) })
    }
  }

  /// The lanes behind the last channel may come to hold NaN (0 / 0 among them): nothing reads them.
  @Test func unusedLanesAreNeverRead() throws {
    for channels in [3, 20] {
      var sketch = Sketch(seed: channels)
      let x = try sketch.convolution(sketch.input([.batch, 8, 6, 5]), channels, 3)
      let ones = try sketch.constant([1, channels, 1, 1], scale: 0.1, around: 2)
      let quotient = try sketch.binary(
        .divide, sketch.binary(.divide, x, ones),
        sketch.add(
          .globalPooling(GlobalPooling(kind: .maximum)), sketch.unary(.exponential, x)))
      let wide = try sketch.concat(1, quotient, sketch.convolution(quotient, 5, 3))
      let depthwise = try sketch.convolution(wide, channels + 5, 3, groups: channels + 5)
      let pooled = try sketch.add(.globalPooling(GlobalPooling(kind: .average)), depthwise)
      let graph = try sketch.finished(
        quotient, wide, sketch.convolution(pooled, 4, 1), sketch.convolution(depthwise, 40, 3))
      #expect(try Runs.error(graph, seed: 1) < 1e-5)
    }
  }

  @Test func inGroupsThatShareNoPanel() throws {
    for (groups, width) in [(2, 32), (4, 16), (20, 8), (3, 24)] {
      var sketch = Sketch(seed: groups)
      let x = try sketch.input([.batch, .fixed(groups * width), 6, 5])
      let graph = try sketch.finished(sketch.convolution(x, groups * width, 3, groups: groups))
      let inputs = try poisoned(graph, .nan, channel: 0, pixel: 13)
      for isa in InstructionSet.available {
        let found = try Runs.values(graph, inputs, isa)[0].floats
        // The first group's channels, and the rest of the panel in which they end: two blocks of 16 at most.
        let reached = (width + 31) / 32 * 32
        #expect(found[(reached * 30)...].allSatisfy { $0.isFinite }, "\(groups) groups on \(isa.name)")
        #expect(found[13].isNaN)
      }
    }
  }

  @Test func inTilesOfWinograd() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.input([.batch, 20, 16, 16])
    let graph = try sketch.finished(sketch.convolution(x, 20, 3))
    let inputs = try poisoned(graph, .infinity, channel: 3, pixel: 5 * 16 + 9)
    for isa in InstructionSet.available {
      let (values, steps) = try Runs.profiled(graph, inputs, isa)
      #expect(steps.contains { $0.kernel.isWinograd })
      // Row 5 lies in the patches of the tiles 4..<8 alone, column 9 in those of 8..<12.
      for (index, number) in values[0].floats.enumerated() {
        let (row, column) = (index / 16 % 16, index % 16)
        let isReached = (4..<8).contains(row) && (8..<12).contains(column)
        #expect(number.isFinite || isReached, "row \(row), column \(column) on \(isa.name)")
      }
    }
  }
}
