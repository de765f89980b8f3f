import Foundation
import Testing

/// Damage and mistakes that once went through.
@Suite struct RegressionTests {
  /// a bundle made from damaged weights has good checksums of its own.
  @Test func damageIsNotConvertedAway() throws {
    let folder = try Folder()
    var bytes = try Digits.made().folder.read("base.pex")
    bytes[bytes.count / 2] ^= 4
    try folder.write("damaged.pex", bytes)
    try Program.pexconvert.refuses(["damaged.pex", "-o", "x.pex"], status: 65, saying: ["damaged.pex"], in: folder)
    try Program.pexconvert.refuses(["damaged.pex", "--dry-run"], status: 65, saying: ["damaged.pex"], in: folder)
  }

  /// the converter names the file whose head tensors are damaged.
  @Test func damagedBaseHeadsAreNamedWithTheirFile() throws {
    let folder = try Folder()
    var bytes = try Digits.made().folder.read("base.pex")
    // Head tensors stand in front of the trunk's 957720 bytes.
    bytes[bytes.count - 957_720 - 600] ^= 4
    try folder.write("damaged.pex", bytes)
    let arguments = ["damaged.pex", "--exits", "3,6,9", "-o", "x.pex"]
    try Program.pexconvert.refuses(arguments, status: 65, saying: ["damaged.pex"], in: folder)
  }

  @Test(arguments: [0, 7]) func aDamagedMagicNumberIsDamage(_ place: Int) throws {
    let folder = try Folder()
    var bytes = try Digits.made().folder.read("base.pex")
    bytes[place] ^= 1
    try folder.write("damaged.pex", bytes)
    try Program.pexinfo.refuses(["damaged.pex", "--check"], status: 65, saying: ["damaged.pex"], in: folder)
  }

  @Test func anEmptyFileFailsItsCheck() throws {
    let folder = try Folder()
    try folder.write("empty.pex", Data())
    try Program.pexinfo.refuses(["empty.pex", "--check"], status: 65, saying: ["empty.pex"], in: folder)
  }

  @Test func theSignalOfAFullFileIsAnError() throws {
    let folder = try Folder()
    try folder.write("old", Data("old".utf8))
    let before = try folder.snapshot()
    let words = [
      "-c", "ulimit -f 1; exec \"$0\" \"$@\"", try Program.pexconvert.path(), Digits.model, "-o", "old", "--force",
    ]
    let outcome = try RunningProgram("/bin/bash", words, in: folder).finish()
    #expect(outcome.status == 74)
    #expect(try folder.snapshot() == before)
  }

  @Test func aBenchOfNoNumber() throws {
    try Program.pexrun.refuses([try Digits.made().base, "--bench=x"], status: 64, in: try Folder())
  }

  @Test func aVerificationOfNoNumber() throws {
    try Program.pexconvert.refuses([Digits.model, "--verify=x", "--dry-run"], status: 64, in: try Folder())
  }

  @Test func anExitThatIsTrainedTwice() throws {
    let arguments = [try Digits.made().base, "--data", Digits.personTrain, "--exits", "3,3", "-o", "x.pexhead"]
    try Program.pextrain.refuses(arguments, status: 64, in: try Folder())
  }

  /// A number behind `=` used to be dropped when another option followed.
  @Test func aNumberBehindAnEqualsSignCounts() throws {
    let folder = try Folder()
    let outcome = try Program.pexconvert.run([Digits.model, "--verify=3", "-o", "x.pex"], in: folder)
    #expect(outcome.status == 0)
    #expect(outcome.stderr.contains("verify 3/3"))
  }

  /// Another kind of file over what is read would destroy it.
  @Test func whatIsReadIsNotOverwritten() throws {
    let folder = try Folder()
    let model = try Data(contentsOf: URL(fileURLWithPath: Digits.model))
    try folder.write("m.onnx", model)
    try Program.pexconvert.refuses(["m.onnx", "-o", "m.onnx", "--force"], status: 64, saying: ["m.onnx"], in: folder)
    #expect(try folder.read("m.onnx") == model)
  }

  /// Adding labels to a bundle must not cost it its trained heads.
  @Test func convertingABundleKeepsItsHeadsAndPolicy() throws {
    let folder = try Folder()
    try folder.write("base.pex", try Digits.made().folder.read("base.pex"))
    #expect(try Program.pexconvert.run(["base.pex", "-o", "again.pex"], in: folder).status == 0)
    #expect(try folder.read("again.pex") == folder.read("base.pex"))
  }
}
