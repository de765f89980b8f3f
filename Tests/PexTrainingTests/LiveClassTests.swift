import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTraining
import Synchronization
import Testing

/// Classes by name inside an app: the model's, and the person's own.
@Suite struct LiveClassTests {
  private func live(_ kind: HeadKind = .prototype) throws -> LiveTraining {
    var request = PersonalTraining.Request()
    request.kind = kind
    return try LiveTraining(
      try SampleModel.model(), request, threads: 2, producer: "test", accepts: { _, _ in true })
  }

  private func picture(_ kind: Int, _ seed: UInt64) throws -> [Tensor] {
    [try Person.tensor(Person.Picture(label: nil, seed: 3 * seed + UInt64(kind)))]
  }

  /// Two kinds of pictures of the model's classes, and one of a class that it lacks.
  private func filled(_ live: LiveTraining, each count: UInt64 = 6) async throws -> [LiveTraining.SampleID] {
    let names = live.classes
    try live.addClass("stripes")
    var ids: [LiveTraining.SampleID] = []
    for seed in 1...count {
      ids.append(try await live.add(try picture(0, seed), of: names[3]))
      ids.append(try await live.add(try picture(1, seed), of: names[17]))
      ids.append(try await live.add(try picture(2, seed), of: "stripes"))
    }
    return ids
  }

  @Test func aClassOfOnesOwnIsLearnedRenamedAndRemoved() async throws {
    let live = try live()
    let names = live.classes
    #expect(names.count == 100)
    let ids = try await filled(live)
    #expect(live.classes == names + ["stripes"] && live.samples.map(\.id) == ids)
    let first = try await live.train()
    #expect(Set(first.file.classes) == [names[3], names[17], "stripes"])
    let session = try Session(try SampleModel.model(), slot: live.slot)
    let answer = try session.run(try picture(2, 99))
    #expect(answer.classes?.contains("stripes") == true)

    try live.renameClass("stripes", to: "Zebra")
    #expect(live.samples.count { $0.className == "Zebra" } == 6)
    #expect(try await live.train().file.classes.contains("Zebra"))
    try live.removeClass("Zebra")
    #expect(live.count == 12 && live.classes == names)
    let last = try await live.train()
    #expect(Set(last.file.classes) == [names[3], names[17]])
    // The model's classes can be taken up again.
    try live.removeClass(names[3])
    #expect(live.count == 6 && live.classes == names)
  }

  /// One sample is enough to add a class to prototypes.
  @Test func oneSampleAddsAClass() async throws {
    let live = try live()
    _ = try await filled(live)
    try live.addClass("noise")
    #expect(try await !live.train().file.classes.contains("noise"))
    var generator = SplitMix64(seed: 5)
    let noise = try Tensor([1, 3, 32, 32], (0..<3072).map { _ in 3 * generator.normal() })
    _ = try await live.add([noise], of: "noise")
    #expect(try await live.train().file.classes.contains("noise"))
  }

  @Test func unknownLabelsAreRefusedWhereTheyAreGiven() async throws {
    let live = try live()
    let picture = try picture(0, 1)
    func message(_ body: () async throws -> Void) async -> String {
      do { try await body() } catch let error as PexError {
        return error.kind == .usage ? "\(error.message) \(error.hint ?? "")" : "\(error.kind)"
      } catch {}
      return "nothing was refused"
    }
    #expect(await message { _ = try await live.add(picture, label: 100) }.contains("0 to 99"))
    #expect(await message { _ = try await live.add(picture, label: -1) }.contains("-1"))
    #expect(await message { _ = try await live.add(picture, of: "mug") }.contains("'mug'"))
    #expect(
      await message { _ = try await live.add(picture, of: live.classes[0].uppercased()) }.contains(live.classes[0]))
    let sample = try await live.add(picture, label: 0)
    #expect(await message { try live.relabel(sample, as: "mug") }.contains("'mug'"))
    #expect(await message { try live.relabel(sample, 100) }.contains("100"))
    #expect(await message { try live.addClass("") }.contains("name"))
    #expect(await message { try live.addClass(live.classes[5].uppercased()) }.contains(live.classes[5]))
    try live.addClass("caf\u{e9}")
    // Composed or not, it is the same name.
    #expect(await message { try live.addClass("cafe\u{301}") }.contains("already"))
    try live.relabel(sample, as: "cafe\u{301}")
    #expect(await message { try live.renameClass(live.classes[0], to: "x") }.contains("keep their names"))
    #expect(await message { try live.renameClass("mug", to: "x") }.contains("'mug'"))
    #expect(await message { try live.removeClass("mug") }.contains("'mug'"))
    #expect(live.count == 1 && live.classes.count == 101)
  }

  @Test func theShareOfATrainingRisesToAll() async throws {
    let live = try live(.linear)
    _ = try await filled(live)
    let shares = Recorder()
    _ = try await live.train { shares.add($0) }
    let seen = shares.values
    #expect(seen.count > 4 && seen == seen.sorted() && abs((seen.last ?? 0) - 1) < 1e-9 && seen.allSatisfy { $0 > 0 })
  }

  @Test func anotherLaunchGoesOn() async throws {
    let path = NSTemporaryDirectory() + "pex-live-\(UInt64.random(in: 0 ... .max)).pexlive"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let before = try live()
    let ids = try await filled(before)
    try before.relabel(ids[0], nil)
    try before.remove(ids[4])
    try before.addClass("nothing yet")
    try before.save(to: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let after = try live()
    try after.restore(from: path)
    #expect(after.classes == before.classes && after.samples.map(\.id) == before.samples.map(\.id))
    #expect(after.samples.map(\.className) == before.samples.map(\.className))
    #expect(try await after.train().file.encoded() == before.train().file.encoded())
    // Numbers are not given twice.
    let next = try await after.add(try picture(1, 50))
    #expect(!ids.contains(next))
    #expect(throws: PexError.self) { try after.restore(from: path) }
  }

  /// Every byte of a file counts, and nothing damaged is taken up.
  @Test func damagedSamplesAreRefused() async throws {
    let path = NSTemporaryDirectory() + "pex-live-\(UInt64.random(in: 0 ... .max)).pexlive"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = try live()
    _ = try await filled(whole, each: 1)
    try whole.save(to: path)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    func refusal(_ bytes: [UInt8]) throws -> PexError.Kind? {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let live = try live()
      do { try live.restore(from: path) } catch let error as PexError {
        #expect(live.count == 0 && live.classes.count == 100)
        return error.kind
      }
      return nil
    }
    #expect(try refusal(bytes) == nil)
    for place in Array(0..<160) + [bytes.count / 2, bytes.count - 1] {
      var changed = bytes
      changed[place] ^= 1
      #expect(try refusal(changed) != nil, "byte \(place)")
    }
    for length in [0, 7, 31, 40, bytes.count / 2, bytes.count - 4] {
      #expect(try refusal(Array(bytes.prefix(length))) == .malformed, "\(length) bytes")
    }
    // Counts that would need more than there is, with a checksum that fits.
    for place in [12, 16, 20] {
      var huge = Array(bytes.dropLast(4))
      for byte in 0..<4 { huge[place + byte] = 0xff }
      #expect(try refusal(huge + checksum(huge)) == .malformed, "count at \(place)")
    }
    #expect(throws: PexError.self) { try live().restore(from: "/nowhere/at/all") }
    #expect(throws: PexError.self) { try live().restore(from: NSTemporaryDirectory()) }
    // Other exits keep other numbers.
    var request = PersonalTraining.Request()
    (request.exits, request.kind) = ([8], .conv)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let other = try LiveTraining(try SampleModel.model(), request)
    do {
      try other.restore(from: path)
      Issue.record("samples of other exits were taken up")
    } catch let error as PexError { #expect(error.kind == .refused) }
  }

  /// CRC-32C, bit by bit.
  private func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
    }
    return withUnsafeBytes(of: (~sum).littleEndian) { Array($0) }
  }
}

/// Takes down numbers on any thread.
private final class Recorder: Sendable {
  private let numbers = Mutex<[Double]>([])
  var values: [Double] { numbers.withLock { $0 } }
  func add(_ number: Double) { numbers.withLock { $0.append(number) } }
}
