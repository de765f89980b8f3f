import Foundation
import PexGraph
import PexONNX
import PexTensor
import Testing

/// Weights in files beside the model.
@Suite struct ExternalDataTests {
  /// A folder that goes away with the test.
  private final class Place {
    let path = NSTemporaryDirectory() + "/pex-external-\(UUID().uuidString)"

    init() throws {
      try FileManager.default.createDirectory(atPath: "\(path)/model", withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file into the model's folder, or with `../` beside that.
    func write(_ name: String, _ bytes: [UInt8]) throws {
      let file = URL(fileURLWithPath: "\(path)/model/\(name)")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }

    func load(_ model: TestModel) throws -> ImportedModel {
      try write("model.onnx", model.bytes)
      return try ONNXImporter.load(path: "\(path)/model/model.onnx")
    }

    func error(_ model: TestModel) throws -> PexError? {
      do {
        _ = try load(model)
        return nil
      } catch let error as PexError { return error }
    }
  }

  /// 1, 2, 3 and 4 as f32.
  private let numbers = TestModel.Stored.floats([4], [1, 2, 3, 4]).raw ?? []

  private func stored(_ entries: [(String, String)], type: Int = 1, dims: [Int] = [2]) -> TestModel.Stored {
    TestModel.Stored(
      type: type, dims: dims,
      fill: { tensor in
        for (key, value) in entries {
          tensor.message(13) {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
        tensor.integer(14, 1)
      })
  }

  private func model(_ entries: [(String, String)], type: Int = 1, dims: [Int] = [2]) -> TestModel {
    TestModel("Add", x: ["N", 2], [], [("w", stored(entries, type: type, dims: dims))])
  }

  private func model(at location: String) -> TestModel { model([("location", location)]) }

  @Test func numbersAreReadWhereTheModelSays() throws {
    let place = try Place()
    try place.write("w.bin", numbers)
    try place.write("deep/er/w.bin", numbers)
    for (location, offset, expected) in [
      ("w.bin", 0, [1, 2]), ("w.bin", 8, [3, 4]), ("./deep//er/./w.bin", 4, [2, 3] as [Float]),
    ] {
      let model = model([("location", location), ("offset", "\(offset)"), ("length", "8")])
      #expect(try place.load(model).graph.numbers("w") == expected)
    }
    #expect(try place.load(self.model(at: "w.bin")).graph.numbers("w") == [1, 2])
  }

  @Test func numbersOffTheirBoundaryAndOfOtherTypes() throws {
    let place = try Place()
    try place.write("w.bin", [9] + numbers + [0x00, 0x3e, 0x00, 0xc0])
    let shifted = model([("location", "w.bin"), ("offset", "1")])
    #expect(try place.load(shifted).graph.numbers("w") == [1, 2])
    let halves = model([("location", "w.bin"), ("offset", "17")], type: 10)
    #expect(try place.load(halves).graph.numbers("w") == [1.5, -2])
  }

  @Test func tensorsInAttributesMayBeOutsideToo() throws {
    let place = try Place()
    try place.write("w.bin", numbers)
    var model = TestModel(x: ["N", 2])
    model.add("Constant", [], ["w"], [("value", .tensor(stored([("location", "w.bin"), ("offset", "8")])))])
    model.add("Add", ["x", "w"], ["y"])
    #expect(try place.load(model).graph.numbers("w") == [3, 4])
  }

  @Test func offsetsBeyondTwoGigabytes() throws {
    let place = try Place()
    try place.write("w.bin", [])
    let file = try #require(FileHandle(forWritingAtPath: "\(place.path)/model/w.bin"))
    try file.seek(toOffset: 5 << 30)
    try file.write(contentsOf: numbers)
    try file.close()
    let model = model([("location", "w.bin"), ("offset", "\((5 << 30) + 8)"), ("length", "8")])
    #expect(try place.load(model).graph.numbers("w") == [3, 4])
  }

  @Test func modelsBeyondTwoGigabytes() throws {
    // A stored tensor that nothing reads, of holes in the file: it is walked over.
    let place = try Place()
    let size = 5 << 29
    var head = WireWriter()
    head.integer(1, size / 4)
    head.integer(2, 1)
    head.string(8, "large")
    head.varint(9 << 3 | 2)
    head.varint(UInt64(size))
    let whole = TestModel("Add", x: ["N", 2], [], [("w", .floats([2], [1, 2]))])
    var graph = WireWriter()
    graph.varint(5 << 3 | 2)
    graph.varint(UInt64(head.bytes.count + size))
    let rest = whole.graphBytes
    var start = WireWriter()
    start.integer(1, 8)
    start.message(8) { $0.integer(2, 17) }
    start.varint(7 << 3 | 2)
    start.varint(UInt64(graph.bytes.count + head.bytes.count + size + rest.count))
    try place.write("model.onnx", start.bytes + graph.bytes + head.bytes)
    let file = try #require(FileHandle(forWritingAtPath: "\(place.path)/model/model.onnx"))
    try file.seek(toOffset: UInt64(start.bytes.count + graph.bytes.count + head.bytes.count + size))
    try file.write(contentsOf: rest)
    try file.close()
    let graphRead = try ONNXImporter.load(path: "\(place.path)/model/model.onnx").graph
    #expect(graphRead.numbers("w") == [1, 2])
    #expect(graphRead.numbers("large") == nil)
  }

  @Test func missingFilesAreNamedWithTheTensor() throws {
    let error = try #require(try Place().error(model(at: "nowhere.bin")))
    #expect(error.kind == .unreadable)
    #expect(error.message.contains("tensor 'w': external file 'nowhere.bin': 'nowhere.bin' cannot be opened"))
    let place = try Place()
    try place.write("folder/w.bin", numbers)
    #expect(try place.error(model(at: "folder"))?.kind == .unreadable)
    #expect(try place.error(model(at: "folder/w.bin/w.bin"))?.kind == .unreadable)
    #expect(mkfifo("\(place.path)/model/pipe", 0o600) == 0)
    #expect(try place.error(model(at: "pipe"))?.kind == .unreadable)
  }

  @Test func truncatedFilesAreNamedWithTheTensor() throws {
    let place = try Place()
    try place.write("w.bin", numbers)
    try place.write("empty.bin", [])
    for (location, offset) in [("w.bin", "9"), ("w.bin", "16"), ("w.bin", "\(Int.max)"), ("empty.bin", "0")] {
      let error = try #require(try place.error(model([("location", location), ("offset", offset)])))
      #expect(error.kind == .malformed)
      #expect(error.message.contains("tensor 'w': external file '\(location)': it is too short"))
    }
    let large = model([("location", "w.bin")], dims: [1 << 40])
    #expect(try place.error(large)?.message.contains("it is too short: expected 4398046511104 bytes at 0") == true)
  }

  @Test(arguments: ["/etc/hostname", "../w.bin", "inner/../../w.bin", "..", "/", ".", "inner/..", "//etc/hostname"])
  func pathsThatEscapeAreRefused(location: String) throws {
    let place = try Place()
    try place.write("../w.bin", numbers)
    try place.write("inner/w.bin", numbers)
    let error = try #require(try place.error(model(at: location)))
    #expect(error.kind == .malformed)
    #expect(error.message.contains("tensor 'w': external file '\(location)': expected a path below the model's folder"))
    #expect(error.hint != nil)
  }

  @Test func linksAreRefused() throws {
    let place = try Place()
    try place.write("../outside/w.bin", numbers)
    try place.write("w.bin", numbers)
    let folder = "\(place.path)/model"
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/file.bin", withDestinationPath: "\(place.path)/outside/w.bin")
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/near.bin", withDestinationPath: "w.bin")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/inner", withDestinationPath: "\(place.path)/outside")
    try FileManager.default.linkItem(atPath: "\(place.path)/outside/w.bin", toPath: "\(folder)/hard.bin")
    for location in ["file.bin", "near.bin", "inner/w.bin"] {
      let error = try #require(try place.error(model(at: location)))
      #expect(error.kind == .malformed)
      #expect(error.message.contains("is a symbolic link"), "\(location)")
    }
    let hard = try #require(try place.error(model(at: "hard.bin")))
    #expect(hard.kind == .malformed)
    #expect(hard.message.contains("tensor 'w': external file 'hard.bin': it is a hard link"))
  }

  @Test func keysAreChecked() throws {
    let place = try Place()
    try place.write("w.bin", numbers)
    let location = ("location", "w.bin")
    for (entries, words) in [
      ([("offset", "0")], "key 'location' is missing"), ([("location", "")], "key 'location' is missing"),
      ([location, location], "key 'location' occurs twice"),
      ([location, ("offset", "-4")], "offset: expected a number of bytes, found '-4'"),
      ([location, ("offset", "99999999999999999999")], "offset: expected a number of bytes"),
      ([location, ("length", "8 ")], "length: expected a number of bytes"),
      ([location, ("length", "12")], "shape [2] takes 8 bytes, found a length of 12"),
      ([location, ("checksum", "abc")], "checksum: expected 40 hexadecimal digits"),
      ([location, ("checksum", String(repeating: "0", count: 40))], "checksum: expected 0000"),
    ] {
      let error = try #require(try place.error(model(entries)))
      #expect(error.kind == .malformed)
      #expect(error.message.contains(words), "\(error.message)")
    }
    // SHA-1 of "abcd" + "efgh"; keys of runtimes say nothing to others.
    try place.write("letters.bin", Array("abcdefgh".utf8))
    let checked = model([
      ("location", "letters.bin"), ("checksum", "425AF12A0743502B322E93A015BCF868E324D56A"), ("prepacked_0", "x"),
    ])
    #expect(try place.load(checked).graph.numbers("w")?.count == 2)
  }

  @Test func numbersInTwoPlacesAreRefused() throws {
    let place = try Place()
    try place.write("w.bin", numbers)
    var both = stored([("location", "w.bin")])
    both.raw = [0, 0, 0, 0, 0, 0, 0, 0]
    let error = try place.error(TestModel("Add", x: ["N", 2], [], [("w", both)]))
    #expect(error?.message.contains("its data is in another file and in raw_data") == true)
    let unknown = TestModel.Stored(dims: [1], fill: { $0.integer(14, 7) })
    let other = try place.error(TestModel("Add", x: ["N", 2], [], [("w", unknown)]))
    #expect(other?.message.contains("it does not say where its data is") == true)
  }

  @Test func aModelInMemoryHasNoFolder() {
    let error = model(at: "w.bin").error()
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("tensor 'w': its data is in another file ('w.bin')") == true)
    #expect(error?.hint == "load the model from its file")
  }
}
