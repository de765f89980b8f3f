import PexBundle
import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Bundles that hold the weights once more, ready for this kind of CPU.
@Suite struct PackedBundleTests {
  private static func packed(seed: UInt64, exits: [Int] = []) throws -> (plain: BundleFile, packed: [UInt8]) {
    let plain = try makeBundle(seed: seed, exits: exits)
    var contents = plain.contents
    contents.packed = try Model.packedWeights(contents, threads: 2)
    return (plain, try contents.encoded())
  }

  @Test(arguments: 0..<12)
  func theyComputeTheSameBytes(seed: UInt64) throws {
    let (plain, bytes) = try Self.packed(seed: seed)
    let model = try Model(try BundleFile(bytes: bytes))
    #expect(model.usesPackedWeights)
    let reference = try Model(plain)
    #expect(!reference.usesPackedWeights)
    let sample = try reference.syntheticSample()
    let expected = try Session(reference, threads: 1).run(sample, .all)
    for threads in 1...3 {
      let found = try Session(model, threads: threads).run(sample, .all)
      #expect(found.outputs.map(\.tensor.floats) == expected.outputs.map(\.tensor.floats))
    }
  }

  @Test func theSameModelGivesTheSameFile() throws {
    let (plain, bytes) = try Self.packed(seed: deepSeed)
    #expect(try Self.packed(seed: deepSeed).packed == bytes)
    let contents = try BundleFile(bytes: bytes).contents
    #expect(contents.trunk.digest == plain.contents.trunk.digest)
    #expect(try contents.encoded() == bytes)
    #expect(try Model.checkPackedWeights(contents))
  }

  @Test func anotherCPUPacksForItself() throws {
    let (plain, bytes) = try Self.packed(seed: deepSeed)
    var contents = try BundleFile(bytes: bytes).contents
    let record = try #require(contents.packed)
    let digest = try #require(Digest([UInt8](repeating: 7, count: 32)))
    let others = [
      PackedRecord(instructionSet: "another", arrangement: record.arrangement, segments: record.segments),
      PackedRecord(instructionSet: record.instructionSet, arrangement: digest, segments: record.segments),
      PackedRecord(instructionSet: record.instructionSet, arrangement: record.arrangement, segments: []),
    ]
    let sample = try Model(plain).syntheticSample()
    let expected = try Session(try Model(plain), threads: 1).run(sample, .final).outputs.map(\.tensor.floats)
    for other in others {
      contents.packed = other
      let model = try Model(try BundleFile(bytes: try contents.encoded()))
      #expect(!model.usesPackedWeights)
      #expect(try Session(model, threads: 1).run(sample, .final).outputs.map(\.tensor.floats) == expected)
    }
  }

  @Test func aDamagedPieceEndsTheRun() throws {
    let (_, bytes) = try Self.packed(seed: deepSeed)
    var damaged = bytes
    // The packed weights stand last.
    damaged[bytes.count - 100] ^= 1
    let bundle = try BundleFile(bytes: damaged)
    let session = try Session(try Model(bundle), threads: 2)
    let sample = try session.model.syntheticSample()
    let error = #expect(throws: PexError.self) { try session.run(sample, .final) }
    #expect(error?.message.contains("packed tensors") == true)
    #expect(throws: PexError.self) { try bundle.check() }
    #expect(throws: PexError.self) { try bundle.contents.encoded() }
  }

  /// Weights that carry right checksums and are not the trunk's.
  @Test func aFullCheckPacksAnew() throws {
    let (_, bytes) = try Self.packed(seed: deepSeed)
    var contents = try BundleFile(bytes: bytes).contents
    let record = try #require(contents.packed)
    var segments = record.segments
    let last = try #require(segments.indices.last { segments[$0].count > 0 })
    var numbers = segments[last].floats
    numbers[0] += 1
    segments[last] = try Tensor([numbers.count], numbers)
    contents.packed = PackedRecord(
      instructionSet: record.instructionSet, arrangement: record.arrangement, segments: segments)
    let bundle = try BundleFile(bytes: try contents.encoded())
    _ = try bundle.check()
    #expect(throws: PexError.self) { try Model.checkPackedWeights(bundle.contents) }
  }

  @Test func whatLiesBehindAnExitIsNotReadFromThePackedWeights() throws {
    let (_, bytes) = try Self.packed(seed: deepSeed, exits: [1])
    var damaged = bytes
    damaged[bytes.count - 100] ^= 1
    let session = try Session(try Model(try BundleFile(bytes: damaged)), threads: 1)
    let sample = try session.model.syntheticSample()
    #expect(try session.run(sample, .fixed(1)).exit == .exit(1))
  }

  /// Weights so small that they, or what becomes of them, are denormal: threads flush those, and so does whoever packs.
  @Test func denormalWeightsArePackedAsOneAndTheSame() throws {
    var sketch = Sketch(seed: 1)
    // Enough of them that the threads of the pool pack some.
    let x = try sketch.input([.batch, 256, 12, 12])
    let weights = try Tensor([256, 256, 3, 3], (0..<256 * 256 * 9).map { Float($0 % 7) * 1e-38 })
    let w = try sketch.graph.addConstant("tiny", weights)
    let y = try sketch.add(
      .convolution(Convolution(window: Window(kernel: [3, 3], padding: .sameUpper), groups: 1)), x, w)
    let contents = BundleContents(trunk: try Trunk(try sketch.finished(y), exitPoints: []))
    let records = try (1...3).map { try Model.packedWeights(contents, threads: $0) }
    for record in records.dropFirst() {
      #expect(zip(record.segments, records[0].segments).allSatisfy { $0.isIdentical(to: $1) })
    }
  }

  /// The same architecture with other weights: its packed weights are none of this trunk's.
  @Test func anotherTrunksPackedWeightsAreNotTaken() throws {
    func contents(_ weight: Float) throws -> BundleContents {
      var sketch = Sketch(seed: 1)
      let x = try sketch.input([.batch, 16, 5, 5])
      let w = try sketch.graph.addConstant("w", Tensor(repeating: weight, [16, 16, 1, 1]))
      let y = try sketch.add(.convolution(Convolution(window: Window(kernel: [1, 1]), groups: 1)), x, w)
      return BundleContents(trunk: try Trunk(try sketch.finished(y), exitPoints: []))
    }
    var mixed = try contents(1)
    mixed.packed = try Model.packedWeights(try contents(2))
    #expect(try !Model(try BundleFile(bytes: try mixed.encoded())).usesPackedWeights)
    mixed.packed = try Model.packedWeights(mixed)
    #expect(try Model(try BundleFile(bytes: try mixed.encoded())).usesPackedWeights)
  }

  @Test func aCheckCountsSegments() throws {
    var contents = try BundleFile(bytes: try Self.packed(seed: deepSeed).packed).contents
    let record = try #require(contents.packed)
    contents.packed = PackedRecord(
      instructionSet: record.instructionSet, arrangement: record.arrangement, segments: [])
    #expect(throws: PexError.self) { try Model.checkPackedWeights(contents) }
  }
}
