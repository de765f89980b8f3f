import Foundation
import PexBundle
import PexGraph
import PexHeads
import PexTensor
import Testing

@Suite struct RoundTripTests {
  @Test func bundleComesBackAsItWas() throws {
    let contents = try Tiny.contents()
    let bytes = try contents.encoded()
    #expect(bytes.count <= 8192)
    let bundle = try BundleFile(bytes: bytes)
    let read = bundle.contents
    #expect(read.labels == contents.labels)
    #expect(read.preprocessing == contents.preprocessing)
    #expect(read.policy == contents.policy)
    #expect(read.producer == contents.producer)
    #expect(read.trunk.digest == contents.trunk.digest)
    #expect(read.trunk.exitPoints == contents.trunk.exitPoints)
    #expect(read.trunk.graph.inputs == contents.trunk.graph.inputs)
    #expect(read.trunk.graph.outputs == contents.trunk.graph.outputs)
    #expect(read.trunk.graph.classifier == contents.trunk.graph.classifier)
    for (mine, theirs) in zip(read.trunk.graph.nodes, contents.trunk.graph.nodes) {
      #expect(mine.name == theirs.name && mine.operation == theirs.operation)
      #expect(mine.inputs == theirs.inputs && mine.outputs == theirs.outputs)
    }
    #expect(read.trunk.graph.values.count == contents.trunk.graph.values.count)
    for (mine, theirs) in zip(read.trunk.graph.values, contents.trunk.graph.values) {
      #expect(mine.name == theirs.name && mine.type == theirs.type)
      #expect((mine.constant == nil) == (theirs.constant == nil))
      if let left = mine.constant, let right = theirs.constant { #expect(left.isIdentical(to: right)) }
    }
    #expect(read.exits.map(\.exit) == [1, 2])
    #expect(read.exits[0].threshold == 0.75)
    #expect(read.exits[1].parameters == nil)
    let head = try #require(try bundle.baseHead(at: 1))
    let original = try #require(contents.exits[0].parameters)
    for (left, right) in zip(head.parameters, original) { #expect(left.isIdentical(to: right)) }
    #expect(try bundle.baseHead(at: 2) == nil)
    #expect(try bundle.baseHead(at: 9) == nil)
    #expect(try bundle.check().map(\.section).count == 7)
  }

  @Test func sameContentGivesSameBytes() throws {
    let bytes = try Tiny.contents().encoded()
    #expect(try Tiny.contents().encoded() == bytes)
    #expect(try BundleFile(bytes: bytes).contents.encoded() == bytes)
    let heads = try Tiny.heads(Tiny.contents())
    #expect(try HeadFile(bytes: heads.encoded()).encoded() == heads.encoded())
  }

  @Test func aBundleWithoutOptionalPartsWorks() throws {
    let contents = BundleContents(trunk: try Trunk(Tiny.graph(.init(withClassifier: false)).graph))
    let bundle = try BundleFile(bytes: contents.encoded())
    #expect(bundle.contents.labels == nil && bundle.contents.preprocessing == nil && bundle.contents.policy == nil)
    #expect(bundle.contents.trunk.classCount == nil)
    #expect(try bundle.check().count == 4)
  }

  @Test func tensorsAreUsedInPlaceAndAligned() throws {
    try withFolder { folder in
      let path = folder + "/tiny.pex"
      try Tiny.contents(.init(half: true)).write(to: path)
      let bundle = try BundleFile(path: path)
      for id in bundle.contents.trunk.constants {
        let tensor = try #require(bundle.graph[id].constant)
        #expect(tensor.dtype == .float16 && bundle.graph[id].type.dtype == .float32)
        tensor.withBytes { #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0) }
        try bundle.verify(constant: id)
      }
      #expect(bundle.contents.trunk.storage == .float16)
      #expect(try bundle.check().count == 7)
      #expect(try BundleReader.kind(ofFileAt: path) == .bundle)
    }
  }

  @Test func headsComeBackAndMatch() throws {
    let contents = try Tiny.contents()
    let heads = try Tiny.heads(contents)
    let bytes = try heads.encoded()
    #expect(bytes.count <= 8192)
    let read = try HeadFile(bytes: bytes)
    #expect(read.classes == heads.classes && read.prior == heads.prior && read.policy == heads.policy)
    #expect(read.heads.map(\.exit) == [1, 2] && read.heads.map(\.isEnabled) == [true, false])
    #expect(read.heads[0].head.temperature == 1.5 && read.heads[0].threshold == 0.5)
    #expect(read.trunkStorage == .float32 && read.baseClassCount == 3)
    let matched = try read.match(BundleFile(bytes: contents.encoded()).contents)
    #expect(matched.map(\.exitPoint.number) == [1, 2])
    #expect(try HeadFile.check(bytes: bytes).count == 3)
    #expect(BundleReader.kind(of: bytes) == .head)
    #expect(BundleReader.kind(of: bytes.dropFirst()) == .other)
  }

  @Test func fixturesHoldTheFormatStill() throws {
    let contents = try Tiny.contents()
    let made = [
      ("mini.pex", try Tiny.smallest().encoded()), ("tiny.pex", try contents.encoded()),
      ("tiny.pexhead", try Tiny.heads(contents).encoded()),
    ]
    for (name, bytes) in made {
      let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/" + name
      // A change of the format is made on purpose: PEX_WRITE_FIXTURES=1 writes the files anew.
      if ProcessInfo.processInfo.environment["PEX_WRITE_FIXTURES"] != nil {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
      }
      let stored = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(stored == bytes, "\(name) is no longer what pex writes")
    }
  }
}

/// Runs `body` with the path of a fresh folder and removes that.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pex-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}
