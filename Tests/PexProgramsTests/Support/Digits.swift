import Foundation

/// The digits sample, and what the programs make of it: built once, used by most tests.
enum Digits {
  /// The repository.
  static let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }.path
  static let folder = root + "/SampleModels/digits"
  static let model = folder + "/digits.onnx"
  static let labels = folder + "/labels.txt"
  /// Labels and preprocessing, as the sample's README gives them.
  static let flags = ["--labels", labels, "--preprocess", "unit", "--channels", "gray"]
  static let personTrain = folder + "/person/train"
  static let personTest = folder + "/person/test"
  static let picture = folder + "/person/test/3/000.png"

  /// A file that the tests of bundles keep.
  static func fixture(_ name: String) -> String { root + "/Tests/PexBundleTests/Fixtures/" + name }

  /// What the main job leaves behind.
  struct Made: Sendable {
    let folder: Folder
    /// Converted with exits 3, 6 and 9, heads untrained.
    let bundle: String
    /// The same with trained base heads.
    let base: String
    /// The person's heads.
    let heads: String
    /// What the person's training reported.
    let training: JSONValue
  }

  private static let result = Result {
    let folder = try Folder()
    let made = ["digits.pex", "base.pex", "person.pexhead"].map { folder[$0] }
    try Program.pexconvert.succeed([model, "--exits", "3,6,9", "-o", made[0]] + flags)
    let general = Digits.folder + "/general/train"
    try Program.pextrain.succeed([made[0], "--data", general, "--base", "-o", made[1]])
    let training = try Program.pextrain.report([made[1], "--data", personTrain, "--force-heads", "-o", made[2]])
    // Nothing that is static is ever freed, so the folder would stay.
    atexit { Digits.remove() }
    return Made(folder: folder, bundle: made[0], base: made[1], heads: made[2], training: training)
  }

  /// The files of the main job.
  static func made() throws -> Made { try result.get() }

  private static func remove() {
    if let made = try? result.get() { try? FileManager.default.removeItem(atPath: made.folder.path) }
  }
}
