import Foundation
import Testing

/// Pictures, arrays and folders that cannot be used.
@Suite struct BadDataTests {
  /// Two classes of two pictures each.
  private func people(in folder: Folder) throws {
    for digit in [3, 8] {
      for index in [0, 1] {
        _ = try folder.copy("\(Digits.personTrain)/\(digit)/00\(index).png", to: "people/\(digit)/\(index).png")
      }
    }
  }

  /// Training and measuring take the same data, so both have to refuse it.
  private func refuseData(
    _ data: String, status: Int32, saying words: [String], in folder: Folder,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let base = try Digits.made().base
    try Program.pextrain.refuses(
      [base, "--data", data, "-o", "x.pexhead"], status: status, saying: words, in: folder,
      sourceLocation: sourceLocation)
    try Program.pexeval.refuses(
      [base, "--data", data], status: status, saying: words, in: folder, sourceLocation: sourceLocation)
  }

  private func npz(_ x: [Float], shape: [Int], y: [Int64]) -> Data {
    Arrays.npz([("x.npy", Arrays.npy(shape, x)), ("y.npy", Arrays.npy([y.count], integers: y))])
  }

  @Test func theSamplesOfTheseTestsAreFineUndamaged() throws {
    let folder = try Folder()
    try people(in: folder)
    let base = try Digits.made().base
    #expect(try Program.pexeval.report([base, "--data", "people"], in: folder)["images"].number == 4)
    let x = Arrays.noise(4 * 1024, seed: 1)
    try folder.write("a.npz", npz(x, shape: [4, 1, 32, 32], y: [0, 1, 2, 3]))
    #expect(try Program.pexeval.report([base, "--data", "a.npz"], in: folder)["images"].number == 4)
  }

  @Test func undecodablePicture() throws {
    let folder = try Folder()
    try people(in: folder)
    let good = try Data(contentsOf: URL(fileURLWithPath: Digits.picture))
    for (name, bytes) in [
      ("words", Data("no picture".utf8)), ("short", good.prefix(good.count / 2)), ("empty", Data()),
    ] {
      let path = try folder.write("people/8/\(name).png", bytes)
      let run = [try Digits.made().base, "people/8/\(name).png"]
      try Program.pexrun.refuses(run, status: 65, saying: ["\(name).png"], in: folder)
      // Training and measuring go on without it, and say so; measuring with its status, too.
      let measured = try Program.pexeval.run([try Digits.made().base, "--data", "people"], in: folder)
      #expect(measured.status == 65 && measured.stdout.contains("4 samples"))
      #expect(measured.complaints.count == 2 && measured.complaints[0].contains("people/8/\(name).png"))
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func oneClassIsNothingToLearnFrom() throws {
    let folder = try Folder()
    _ = try folder.copy(Digits.picture, to: "people/3/0.png")
    _ = try folder.copy(Digits.picture, to: "people/3/1.png")
    let arguments = [try Digits.made().base, "--data", "people", "-o", "x.pexhead"]
    try Program.pextrain.refuses(arguments, status: 65, saying: ["class"], in: folder)
  }

  @Test func unknownClass() throws {
    let folder = try Folder()
    try people(in: folder)
    _ = try folder.copy(Digits.picture, to: "people/eleven/0.png")
    // A person may teach a class of his own; base heads are everybody's.
    let arguments = [try Digits.made().bundle, "--data", "people", "--base", "-o", "x.pex"]
    try Program.pextrain.refuses(arguments, status: 65, saying: ["eleven"], in: folder)
    let person = [try Digits.made().base, "--data", "people", "-o", "x.pexhead"]
    let outcome = try Program.pextrain.succeed(person, in: folder)
    #expect(outcome.stderr.contains("no class of the model is named 'eleven': it is a class of your own"))
  }

  @Test func missingData() throws {
    let folder = try Folder()
    try refuseData("nothing", status: 66, saying: ["nothing"], in: folder)
    let run = [try Digits.made().base, "nothing.png"]
    try Program.pexrun.refuses(run, status: 66, saying: ["nothing.png"], in: folder)
  }

  @Test func emptyFolder() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(atPath: folder["people"], withIntermediateDirectories: true)
    try refuseData("people", status: 65, saying: ["people"], in: folder)
    try Program.pexrun.refuses([try Digits.made().base, "people"], status: 65, saying: ["people"], in: folder)
  }

  @Test(arguments: [Float.nan, .infinity]) func numbersThatAreNotFinite(_ number: Float) throws {
    let folder = try Folder()
    var x = Arrays.noise(4 * 1024, seed: 1)
    x[3 * 1024 + 5] = number
    try folder.write("x.npy", Arrays.npy([4, 1, 32, 32], x))
    let base = try Digits.made().base
    // The samples in front of the bad one have been answered by then, but no output is written.
    let save = ["--save-outputs", "out"]
    try Program.pexrun.refuses([base, "x.npy"] + save, status: 65, saying: ["x.npy"], in: folder, printing: true)
    try Program.pexrun.refuses([base, "--input", "image=x.npy"] + save, status: 65, in: folder, printing: true)
    try Program.pexrun.refuses([base, "x.npy", "--json"], status: 65, saying: ["x.npy"], in: folder)
    try folder.write("a.npz", npz(x, shape: [4, 1, 32, 32], y: [0, 1, 2, 3]))
    try refuseData("a.npz", status: 65, saying: ["a.npz"], in: folder)
  }

  @Test(arguments: [[1, 1, 16, 16], [1, 3, 32, 32], [1, 32, 33], [5], [1, 1, 32, 32, 1], [0, 1, 32, 32]])
  func arraysOfAnotherShape(_ shape: [Int]) throws {
    let folder = try Folder()
    let x = Arrays.noise(shape.reduce(1, *), seed: 1)
    try folder.write("x.npy", Arrays.npy(shape, x))
    let base = try Digits.made().base
    try Program.pexrun.refuses([base, "x.npy"], status: 65, saying: ["x.npy"], in: folder)
    try Program.pexrun.refuses([base, "--input", "image=x.npy"], status: 65, in: folder)
  }

  @Test func samplesOfAnotherShapeOrLabelsOfAnotherNumber() throws {
    let folder = try Folder()
    let x = Arrays.noise(4 * 1024, seed: 1)
    try folder.write("shape.npz", npz(x, shape: [4, 4, 16, 16], y: [0, 1, 2, 3]))
    try folder.write("count.npz", npz(x, shape: [4, 1, 32, 32], y: [0, 1, 2]))
    try folder.write("range.npz", npz(x, shape: [4, 1, 32, 32], y: [0, 1, 2, 10]))
    try folder.write("negative.npz", npz(x, shape: [4, 1, 32, 32], y: [0, 1, 2, -1]))
    try folder.write("nothing.npz", Arrays.npz([("z.npy", Arrays.npy([1], [0]))]))
    try folder.write("words.npz", Data("no archive".utf8))
    for name in ["shape", "count", "range", "negative", "nothing", "words"] {
      try refuseData("\(name).npz", status: 65, saying: ["\(name).npz"], in: folder)
    }
  }

  @Test func damagedArray() throws {
    let folder = try Folder()
    let good = Arrays.npy([1, 1, 32, 32], Arrays.noise(1024, seed: 1))
    let base = try Digits.made().base
    for (name, bytes) in [("short", good.dropLast()), ("long", good + [0]), ("head", good.prefix(9)), ("none", Data())]
    {
      try folder.write("\(name).npy", bytes)
      try Program.pexrun.refuses([base, "\(name).npy"], status: 65, saying: ["\(name).npy"], in: folder)
    }
  }
}
