import Foundation
import Testing

/// What `pexinfo` tells of a head file, and the bundles that it finds for it.
@Suite struct HeadInfoTests {
  /// A head file with everything that it can tell, and a folder of bundles: one that fits, one that does not, one that is
  /// damaged, and files that are none.
  private func made(in folder: Folder) throws -> String {
    let made = try Digits.made()
    _ = try folder.copy(made.base, to: "models/deep/down/base.pex")
    _ = try folder.copy(Digits.root + "/SampleModels/cifar100/resnet20.pex", to: "models/other.pex")
    _ = try folder.write("models/notes.txt", Data("nothing".utf8))
    var broken = try Data(contentsOf: URL(fileURLWithPath: made.base)).prefix(4096)
    broken[30] ^= 1
    _ = try folder.write("models/broken.pex", Data(broken))
    try Program.pextrain.succeed(
      [made.base, "--data", Digits.personTrain, "-o", "a.pexhead", "--note", "Anna's pen"], in: folder,
      environment: ["SOURCE_DATE_EPOCH": "1795910400"])
    return "a.pexhead"
  }

  @Test func itTellsWhereItComesFrom() throws {
    let folder = try Folder()
    let heads = try made(in: folder)
    let info = try Program.pexinfo.report([heads], in: folder)
    let origin = info["origin"]
    #expect(origin["base"].string == "base.pex" && origin["note"].string == "Anna's pen")
    #expect(origin["date"].string == "2026-11-29" && info["producer"].string?.hasPrefix("pex ") == true)
    #expect(origin["samples"].number == 158 && origin["labelled"].number == 158)
    let measured = origin["measured"]
    let (before, after) = (measured["before"].number ?? 1, measured["after"].number ?? 0)
    #expect(after > before + 0.3 && measured["figure"].string == "accuracy")
    let interval = measured["gain_interval"].items.compactMap(\.number)
    #expect(interval.count == 2 && interval[0] < after - before && after - before < interval[1])
    #expect(info["last_resort"]["exit"].number == 10 && info["bundles"].isNull)
    let text = try Program.pexinfo.succeed([heads], in: folder).stdout
    for words in [
      "trained on 2026-11-29", "on base.pex", "158 samples", "note: Anna's pen", "answers last: the head of exit 10",
    ] {
      #expect(text.contains(words), "\(words)")
    }
  }

  @Test func itFindsTheBundlesThatItFits() throws {
    let folder = try Folder()
    let heads = try made(in: folder)
    let outcome = try Program.pexinfo.succeed([heads, "--for", "models"], in: folder)
    #expect(outcome.stdout.contains("fits models/deep/down/base.pex\n"))
    #expect(outcome.stdout.contains("does not fit models/other.pex: "))
    #expect(outcome.stderr.contains("models/broken.pex") && !outcome.stderr.contains("notes.txt"))
    let bundles = try Program.pexinfo.report([heads, "--for", "models"], in: folder)["bundles"].items
    #expect(bundles.map { $0["fits"].bool } == [true, false])
    #expect(bundles.last?["reason"].string?.isEmpty == false)
    #expect(
      try Program.pexinfo.succeed([heads, "--for", try Digits.made().base], in: folder).stdout.contains("fits /"))
  }

  @Test func whatFitsNothingSaysSo() throws {
    let folder = try Folder()
    let heads = try made(in: folder)
    try Program.pexinfo.refuses(
      [heads, "--for", "models/other.pex"], status: 77,
      saying: ["the bundle in models/other.pex does not fit", "base.pex", "hint: "], in: folder,
      printing: true)
    _ = try folder.write("empty/none.txt", Data())
    try Program.pexinfo.refuses(
      [heads, "--for", "empty"], status: 77, saying: ["no bundle"], in: folder, printing: true)
    try Program.pexinfo.refuses([heads, "--for", "nowhere"], status: 66, saying: ["nowhere"], in: folder)
    try Program.pexinfo.refuses([try Digits.made().base, "--for", "models"], status: 64, saying: ["--for"], in: folder)
  }
}
