import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTraining
import Testing

/// Features are computed once a sample, kept within a budget or in a file, and never believed without a look.
@Suite struct FeatureCacheTests {
  /// What a training gives.
  private struct Outcome: Equatable {
    /// The head file.
    let bytes: [UInt8]
    /// How many samples the trunk ran for.
    let passes: Int
  }

  private func request(_ exits: [Int], _ kind: HeadKind = .linear) -> PersonalTraining.Request {
    var request = PersonalTraining.Request()
    request.exits = exits
    request.kind = kind
    request.options.epochs = 3
    return request
  }

  private func train(
    _ person: Person, exits: [Int] = [2], _ kind: HeadKind = .linear, storage: FeatureStorage = FeatureStorage(),
    threads: Int = 2, decoded: Counter = Counter()
  ) throws -> Outcome {
    let model = try SampleModel.bare()
    var request = request(exits, kind)
    request.storage = storage
    if person.pictures.allSatisfy({ $0.label != nil }) { request.supervision = .labels }
    let result = try PersonalTraining(try Session(model, threads: threads), request).run(person.samples(decoded))
    let file = try result.headFile(for: model.bundle.contents, producer: "test")
    return Outcome(bytes: try file.encoded(), passes: result.passes)
  }

  @Test(arguments: [HeadKind.linear, .conv])
  func headsAreTheSameBytesHoweverFeaturesAreKept(_ kind: HeadKind) throws {
    let (person, folder) = (Person(each: 8), TemporaryFolder())
    let exits = kind == .conv ? [9] : [2, 6]
    let plain = try train(person, exits: exits, kind, threads: 1)
    #expect(plain.passes == 24)
    #expect(try train(person, exits: exits, kind, threads: 2) == plain)
    #expect(try train(person, exits: exits, kind, threads: 3) == plain)
    let kept = FeatureStorage(folder: folder.path)
    #expect(try train(person, exits: exits, kind, storage: kept) == plain)
    // A megabyte holds none of the maps, so training reads them from the file.
    let small = FeatureStorage(memory: 1, folder: folder.path)
    for storage in [kept, small] {
      for threads in [1, 2] {
        let again = try train(person, exits: exits, kind, storage: storage, threads: threads)
        #expect(again.passes == 0)
        #expect(again.bytes == plain.bytes)
      }
    }
    let fresh = FeatureStorage(memory: 1, folder: TemporaryFolder().path)
    #expect(try train(person, exits: exits, kind, storage: fresh) == plain)
  }

  @Test func theBudgetIsCheckedBeforeAnythingIsComputed() throws {
    let decoded = Counter()
    let storage = FeatureStorage(memory: 64 << 10)
    let error = #expect(throws: PexError.self) {
      try train(Person(each: 30), exits: [1, 9], .conv, storage: storage, decoded: decoded)
    }
    #expect(error?.kind == .usage)
    for word in ["90 samples", "64 KiB", "exit 1", "whole feature maps"] {
      #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")")
    }
    for word in ["--exits", "--head linear", "--cache", "--memory"] {
      #expect(error?.hint?.contains(word) == true, "\(word)")
    }
    #expect(decoded.value == 0)
    // 24 channels twice, 100 logits, and 8 by 8 cells of 3 channels a sample.
    let needed = 90 * 4 * 340
    #expect(throws: PexError.self) { try train(Person(each: 30), storage: FeatureStorage(memory: needed - 1)) }
    #expect(try train(Person(each: 30), storage: FeatureStorage(memory: needed)).passes == 90)
  }

  @Test func samplesAreKnownByWhatTheyHold() throws {
    let folder = TemporaryFolder()
    let storage = FeatureStorage(folder: folder.path)
    var person = Person(each: 8)
    #expect(try train(person, storage: storage).passes == 24)

    // Other labels, another order, fewer samples: nothing is decoded.
    let decoded = Counter()
    person.pictures.shuffle()
    person.pictures[0].label = 3
    person.pictures[1].label = 17
    person.pictures[2].label = 42
    person.pictures.removeLast(4)
    let relabelled = try train(person, storage: storage, decoded: decoded)
    #expect(relabelled.passes == 0 && decoded.value == 0)
    #expect(try train(person).bytes == relabelled.bytes)

    // The same picture twice is one pass.
    let more = Person(each: 2, seed: 9).pictures
    person.pictures += more + more
    let grown = try train(person, storage: storage, decoded: decoded)
    #expect(grown.passes == 6 && decoded.value == 6)
    #expect(try train(person).bytes == grown.bytes)
  }

  @Test func tapsAreKeptByThemselves() throws {
    let (person, folder) = (Person(each: 6), TemporaryFolder())
    let storage = FeatureStorage(folder: folder.path)
    #expect(try train(person, exits: [2, 9], storage: storage).passes == 18)
    let before = try folder.files()
    #expect(before.count == 4, "two taps, the logits, and what copies are known by")
    #expect(try train(person, exits: [9], storage: storage).passes == 0)
    let deeper = try train(person, exits: [2, 5, 9], storage: storage)
    #expect(deeper.passes == 18)
    #expect(deeper.bytes == (try train(person, exits: [2, 5, 9])).bytes)
    #expect(try folder.files().count == 5)
    #expect(try train(person, exits: [2, 5, 9], storage: storage).passes == 0)
    for file in before { #expect(try bytes(file).count % 4 == 0) }
  }

  @Test func labelsAreNeverKept() throws {
    let (folder, other) = (TemporaryFolder(), TemporaryFolder())
    var person = Person(each: 4)
    _ = try train(person, storage: FeatureStorage(folder: folder.path), threads: 1)
    for index in person.pictures.indices { person.pictures[index].label = index < 6 ? 80 : 81 }
    _ = try train(person, storage: FeatureStorage(folder: other.path), threads: 1)
    #expect(try folder.files().map(bytes) == other.files().map(bytes))
    for file in try folder.files() {
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
  }

  private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// The tap's file of a cache of one tap; what the classifier says is kept beside it, and what copies are known by.
  private func record(_ person: Person, _ folder: TemporaryFolder) throws -> (
    path: String, whole: [UInt8], head: Outcome
  ) {
    let outcome = try train(person, exits: [10], storage: FeatureStorage(folder: folder.path))
    let files = try folder.files()
    #expect(files.count == 3)
    let path = try #require(files.first { $0.contains("-pooled-") })
    return (path, try bytes(path), outcome)
  }

  private func again(_ person: Person, _ folder: TemporaryFolder, _ path: String, _ bytes: [UInt8]) throws -> Outcome {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try train(person, exits: [10], storage: FeatureStorage(folder: folder.path))
  }

  @Test func aFileThatIsCutOffIsGoneOnWith() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (path, whole, head) = try record(person, folder)
    let size = (whole.count - 128) / 12
    #expect(size == 32 + 4 * 2 * 96 + 4)
    for length in Array(stride(from: 0, to: whole.count, by: 97)) + [127, 128, 129, whole.count - 1, whole.count] {
      let kept = length < 128 ? 0 : (length - 128) / size
      let found = try again(person, folder, path, Array(whole.prefix(length)))
      #expect(found == Outcome(bytes: head.bytes, passes: 12 - kept), "cut to \(length) bytes")
      #expect(try bytes(path) == whole)
    }
  }

  @Test func damagedRecordsAreComputedAnew() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (path, whole, head) = try record(person, folder)
    let size = (whole.count - 128) / 12
    var generator = SplitMix64(seed: 5)
    for damaged in 1...6 {
      var copy = whole
      for slot in generator.permutation(12).prefix(damaged) {
        copy[128 + slot * size + Int(generator.next() % UInt64(size))] ^= 1 << UInt8(generator.next() % 8)
      }
      #expect(try again(person, folder, path, copy) == Outcome(bytes: head.bytes, passes: damaged))
      #expect(try bytes(path).count == whole.count, "damaged records are written over")
      #expect(try train(person, exits: [10], storage: FeatureStorage(folder: folder.path)).passes == 0)
    }
    // The header belongs to another trunk, another version, or to nothing.
    for place in [0, 8, 12, 16, 24, 56, 80, 124] {
      var copy = whole
      copy[place] ^= 0x10
      #expect(try again(person, folder, path, copy) == Outcome(bytes: head.bytes, passes: 12), "header byte \(place)")
    }
    #expect(try again(person, folder, path, whole + [UInt8](repeating: 0, count: 3 * size)).passes == 0)
  }

  @Test func numbersThatAreNotFiniteAreNotBelieved() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (path, whole, head) = try record(person, folder)
    let size = (whole.count - 128) / 12
    for number in [Float.nan, .infinity] {
      var copy = whole
      let (start, end) = (128 + 3 * size, 128 + 4 * size)
      withUnsafeBytes(of: number.bitPattern.littleEndian) { copy.replaceSubrange(start + 40..<start + 44, with: $0) }
      withUnsafeBytes(of: CRC32C.checksum(Array(copy[start..<end - 4])).littleEndian) {
        copy.replaceSubrange(end - 4..<end, with: $0)
      }
      #expect(try again(person, folder, path, copy) == Outcome(bytes: head.bytes, passes: 1))
    }
  }

  @Test func whatCopiesAreKnownByTakesNoPass() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (_, _, head) = try record(person, folder)
    let path = try #require(try folder.files().first { $0.contains("-fingerprint-") })
    let whole = try bytes(path)
    let decoded = Counter()
    // Caches of earlier versions lack the file: it is made, and the trunk runs for nobody.
    try FileManager.default.removeItem(atPath: path)
    let storage = FeatureStorage(folder: folder.path)
    #expect(try train(person, exits: [10], storage: storage, decoded: decoded) == Outcome(bytes: head.bytes, passes: 0))
    #expect(try bytes(path).count == whole.count && decoded.value == 12)
    #expect(try again(person, folder, path, Array(whole.dropLast())) == Outcome(bytes: head.bytes, passes: 0))
    #expect(try bytes(path) == whole)
  }

  @Test func whatIsNoCacheIsRefused() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (path, whole, _) = try record(person, folder)
    let other = folder.path + "/elsewhere"
    try Data(whole).write(to: URL(fileURLWithPath: other))
    let manager = FileManager.default
    try manager.removeItem(atPath: path)
    try manager.createSymbolicLink(atPath: path, withDestinationPath: other)
    let storage = FeatureStorage(folder: folder.path)
    #expect(kind { try train(person, exits: [10], storage: storage) } == .cannotCreate)
    #expect(try bytes(other) == whole)
    try manager.removeItem(atPath: path)
    try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(kind { try train(person, exits: [10], storage: storage) } == .cannotCreate)
    #expect(kind { try train(person, exits: [10], storage: FeatureStorage(folder: other)) } == .cannotCreate)
    #expect(
      kind { try train(person, exits: [10], storage: FeatureStorage(folder: folder.path + "/a/b")) } == .cannotCreate)
  }

  @Test func aCacheThatIsInUseIsNotTouched() throws {
    let (person, folder) = (Person(each: 4), TemporaryFolder())
    let (path, whole, _) = try record(person, folder)
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX) == 0)
    let error = #expect(throws: PexError.self) {
      try train(person, exits: [10], storage: FeatureStorage(folder: folder.path))
    }
    #expect(error?.kind == .cannotCreate && error?.message.contains("another program") == true)
    #expect(try bytes(path) == whole)
  }

  @Test func samplesBeforeABadOneAreKept() throws {
    let (person, folder) = (Person(each: 8), TemporaryFolder())
    let pictures = person.pictures
    let model = try SampleModel.bare()
    var request = request([10])
    request.storage = FeatureStorage(folder: folder.path)
    let bad = TrainingSamples(labels: pictures.map(\.label)) { index in
      Digest(lines: ["\(pictures[index].seed)"], tag: "test")
    } inputs: { index in
      guard index != 20, index != 22 else { throw PexError(.malformed, "picture \(index) cannot be decoded") }
      return [try Person.tensor(pictures[index])]
    }
    let error = #expect(throws: PexError.self) {
      try PersonalTraining(try Session(model, threads: 2), request).run(bad)
    }
    #expect(error?.message.contains("picture 20") == true)
    #expect(try train(person, exits: [10], storage: request.storage).passes == 4)
  }
}
