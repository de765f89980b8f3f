import Foundation
import Testing

/// Damaged files through the programs: some 200 of the cases that the tests of bundles go through one by one.
@Suite struct DamageTests {
  /// A file, and how to run it in its place `@`.
  struct Subject: Sendable, CustomStringConvertible {
    let name: String
    let run: [String]
    /// Every how many bytes one is damaged; a prime, so that all places in a record are met.
    let stride: Int

    var description: String { name }
  }

  private static let tiny = Digits.fixture("tiny.pex")
  private static let subjects = [
    Subject(name: "mini.pex", run: ["@", "--input", "x=x.npy"], stride: 7),
    Subject(name: "tiny.pex", run: ["@", "--input", "image=x.npy", "--exit", "all"], stride: 43),
    Subject(name: "tiny.pexhead", run: [tiny, "--heads", "@", "--input", "image=x.npy", "--exit", "all"], stride: 23),
  ]

  /// One byte each changed, and the file cut; the eight bytes that say what file it is are left alone.
  private static func damaged(_ bytes: Data, stride step: Int) -> [(what: String, bytes: Data)] {
    var cases: [(String, Data)] = []
    for (index, place) in stride(from: 8, to: bytes.count, by: step).enumerated() {
      var flipped = bytes
      flipped[place] ^= 1 << UInt8(index % 8)
      cases.append(("bit \(index % 8) of byte \(place)", flipped))
      if index % 4 == 0 { cases.append(("cut at \(place)", bytes.prefix(place))) }
    }
    return cases + [("cut at the last byte", bytes.dropLast()), ("one byte more", bytes + [0])]
  }

  private func outputs(_ folder: Folder) throws -> [String: Data?] {
    try folder.snapshot().filter { $0.key.hasPrefix("out/") }
  }

  private func prepare(_ subject: Subject) throws -> (folder: Folder, run: [String], bytes: Data) {
    let folder = try Folder()
    let shape = subject.name == "mini.pex" ? [1, 1, 2, 2] : [1, 2, 6, 6]
    try folder.write("x.npy", Arrays.npy(shape, Arrays.noise(shape.reduce(1, *), seed: 5)))
    _ = try folder.copy(Digits.fixture(subject.name), to: "damaged")
    let run = subject.run.map { $0 == "@" ? "damaged" : $0 } + ["--save-outputs", "out"]
    return (folder, run, try folder.read("damaged"))
  }

  @Test(arguments: subjects) func damageIsReportedAndNeverComputedWith(_ subject: Subject) throws {
    let (folder, run, bytes) = try prepare(subject)
    try Program.pexinfo.succeed(["damaged", "--check"], in: folder)
    try Program.pexrun.succeed(run, in: folder)
    let expected = try outputs(folder)
    #expect(expected.count > 1)

    for (what, damaged) in Self.damaged(bytes, stride: subject.stride) {
      try? FileManager.default.removeItem(atPath: folder["out"])
      try folder.write("damaged", damaged)
      let checked = try Program.pexinfo.run(["damaged", "--check"], in: folder)
      #expect([65, 69].contains(checked.status), "\(what): \(checked.stderr)")
      #expect(checked.complaints.first?.hasPrefix("pexinfo: error: ") == true, "\(what)")

      let outcome = try Program.pexrun.run(run, in: folder)
      if outcome.status == 0 {
        // Damage in what this run has no use for; the numbers are those of the whole file.
        #expect(try outputs(folder) == expected, "\(what)")
      } else {
        #expect([65, 69].contains(outcome.status), "\(what): \(outcome.status) \(outcome.stderr)")
        #expect(outcome.complaints.contains { $0.hasPrefix("pexrun: error: ") }, "\(what)")
        #expect(try outputs(folder).isEmpty, "\(what)")
      }
    }
  }

  @Test func someTwoHundredCasesAreTried() throws {
    let counts = try Self.subjects.map { subject in
      Self.damaged(try prepare(subject).bytes, stride: subject.stride).count
    }
    #expect((180...260).contains(counts.reduce(0, +)), "\(counts)")
  }

  /// Flips in the big tensors of a real bundle: the run that needs them notices.
  @Test func damagedWeightsAreNoticedByTheRunThatNeedsThem() throws {
    let folder = try Folder()
    var bytes = try Digits.made().folder.read("base.pex")
    bytes[try sectionRange(.trunkTensors, of: bytes).upperBound - 4096] ^= 4
    try folder.write("damaged.pex", bytes)
    try Program.pexinfo.refuses(["damaged.pex", "--check"], status: 65, saying: ["damaged.pex"], in: folder)
    let run = ["damaged.pex", Digits.picture, "--exit"]
    try Program.pexrun.refuses(run + ["final"], status: 65, saying: ["damaged.pex"], in: folder)
    // What comes after exit 3 is not even read.
    let whole = try Program.pexrun.report([try Digits.made().base, Digits.picture, "--exit", "3"])
    let found = try Program.pexrun.report(run + ["3"], in: folder)
    #expect(found["results"][0]["probability"].number == whole["results"][0]["probability"].number)
  }

  @Test func damagedFilesAreNeitherTrainedOnNorMeasured() throws {
    let folder = try Folder()
    var bytes = try Digits.made().folder.read("base.pex")
    bytes[bytes.count / 2] ^= 4
    try folder.write("damaged.pex", bytes)
    let train = ["damaged.pex", "--data", Digits.personTrain, "-o", "x.pexhead"]
    try Program.pextrain.refuses(train, status: 65, saying: ["damaged.pex"], in: folder)
    try Program.pextrain.refuses(train + ["--base"], status: 65, saying: ["damaged.pex"], in: folder)
    let evaluate = ["damaged.pex", "--data", Digits.personTest]
    try Program.pexeval.refuses(evaluate, status: 65, saying: ["damaged.pex"], in: folder)
  }
}
