import Foundation
import Testing

/// Heads trained on pictures that nobody labelled.
@Suite struct UnlabelledTests {
  /// What the trunk was trained on, as a camera would leave it: one folder, no classes, some digits only.
  private func camera(_ digits: [Int], of part: String = "train", in folder: Folder) throws {
    for digit in digits {
      let source = "\(Digits.folder)/general/\(part)/\(digit)"
      for name in try FileManager.default.contentsOfDirectory(atPath: source) {
        _ = try folder.copy("\(source)/\(name)", to: "camera/\(digit)-\(name)")
      }
    }
  }

  /// What ordinary pictures look like is known: these are like them, so the model's answers say how often each digit comes.
  /// Neither trained the model, which is surer of pictures that did.
  @Test func sharesOfClassesAreToldWhereTheModelMayBeTrusted() throws {
    let folder = try Folder()
    try camera([1, 4, 7], of: "test", in: folder)
    let general = Digits.folder + "/general/test"
    try Program.pexconvert.succeed(
      [try Digits.made().base, "--calibrate", general, "-o", "known.pex"], in: folder)
    #expect(try Program.pexinfo.succeed(["known.pex", "--check"], in: folder).stdout.contains("tensors"))
    let report = try Program.pextrain.report(["known.pex", "--unlabelled", "camera", "-o", "a.pexhead"], in: folder)
    #expect(report["supervision"].string == "distil" && report["figures"].string == "agreement")
    #expect(report["labelled"].number == 0 && report["shifted"].bool == false)
    // No class is left out, and those that are there have nearly all of the share.
    #expect(report["classes"].items.count == 10)
    let prior = report["prior"].items.compactMap(\.number)
    try #require(prior.count == 10)
    for digit in [1, 4, 7] { #expect(abs(prior[digit] - 1.0 / 3) < 0.05) }
    #expect(prior.allSatisfy { $0 > 0 })
    // The person's turned digits are none that the model was made for: nothing is concluded from its answers.
    let turned = try Program.pextrain.report(
      ["known.pex", "--unlabelled", Digits.personTrain, "-o", "b.pexhead"], in: folder)
    #expect(turned["shifted"].bool == true && turned["prior"].isNull)
  }

  /// Whoever says which classes there are gets the model's last features moved to where those of the classes lie, and what
  /// answers is the classifier that reads them, not the one that reads what it always read.
  @Test func featuresOfOtherPicturesAreAlignedWithToldClasses() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [try Digits.made().base, "--calibrate", Digits.folder + "/general/test", "-o", "known.pex"], in: folder)
    let told = ["known.pex", "--unlabelled", Digits.personTrain, "--classes", "0,1,2,3,4,5,6,7,8,9", "-o", "a.pexhead"]
    let report = try Program.pextrain.report(told, in: folder)
    #expect(report["shifted"].bool == true)
    #expect(report["verdict"]["last_resort"]["head"].number == 1)
    let step = report["verdict"]["steps"][1]
    #expect(step["step"].string == "alignment")
    #expect(try #require(step["after"].number) < 0.95, "aligned features are answered as the others were")
    let outcome = try Program.pextrain.succeed(told + ["--force"], in: folder)
    #expect(outcome.stderr.contains("aligned with the classes'") && outcome.stdout.contains("nobody labelled any"))
    #expect(outcome.stdout.contains("was aligned with these features") && !outcome.stdout.contains("as before"))
  }

  /// One class that fills a day counts for twice the next one, and it is said; of three that come alike nothing is.
  @Test(arguments: [([4], true), ([1, 4, 7], false)]) func oneClassDoesNotTakeAll(_ digits: [Int], _ isEvened: Bool)
    throws
  {
    let folder = try Folder()
    try camera(digits, of: "test", in: folder)
    let few = Digits.folder + "/general/test/1"
    for name in try FileManager.default.contentsOfDirectory(atPath: few).sorted().prefix(digits.contains(1) ? 0 : 4) {
      _ = try folder.copy("\(few)/\(name)", to: "camera/1-\(name)")
    }
    try Program.pexconvert.succeed(
      [try Digits.made().base, "--calibrate", Digits.folder + "/general/test", "-o", "known.pex"], in: folder)
    let arguments = ["known.pex", "--unlabelled", "camera", "-o", "a.pexhead", "--force"]
    #expect(try Program.pextrain.succeed(arguments, in: folder).stderr.contains("at most twice as often") == isEvened)
    let prior = try Program.pextrain.report(arguments, in: folder)["prior"].items.compactMap(\.number).sorted(by: >)
    try #require(prior.count == 10)
    #expect(prior[0] <= 2 * prior[1] * 1.0001)
  }

  /// A classifier that reads more than averages cannot be moved: it answers as it did, and it is said.
  @Test func aClassifierThatCannotBeAlignedIsNamed() throws {
    let folder = try Folder()
    try Program.pexconvert.succeed(
      [
        Digits.root + "/SampleModels/keras-digits/digits.h5", "--exits", "auto:2", "--labels", Digits.labels,
        "--channels",
        "gray", "--calibrate", Digits.folder + "/general/test", "-o", "k.pex",
      ], in: folder)
    let arguments = ["k.pex", "--unlabelled", Digits.personTrain, "--classes", "1,2,3", "-o", "a.pexhead"]
    let outcome = try Program.pextrain.succeed(arguments, in: folder)
    #expect(outcome.stderr.contains("none that could be aligned") && !outcome.stderr.contains("are aligned with"))
  }

  @Test func withoutAReferenceAllClassesStayAsLikelyAndItIsSaid() throws {
    let folder = try Folder()
    try camera([1, 4, 7], in: folder)
    let arguments = [try Digits.made().base, "--unlabelled", "camera", "-o", "a.pexhead"]
    let outcome = try Program.pextrain.succeed(arguments, in: folder)
    #expect(outcome.stderr.contains("pexconvert --calibrate"))
    let info = try Program.pexinfo.report(["a.pexhead"], in: folder)
    #expect(info["prior"].isNull && info["classes"].items.count == 10)
  }

  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    let folder = try Folder()
    try camera([2, 3], in: folder)
    let files = try [("distil", "1"), ("distil", "2"), ("pseudo", "2"), ("mixed", "2")].map { supervision, threads in
      try Program.pextrain.succeed(
        [
          try Digits.made().base, "--unlabelled", "camera", "--data", Digits.personTrain, "--classes", "all",
          "--supervision", supervision, "--threads", threads, "--force", "-o", "a.pexhead",
        ], in: folder)
      return try folder.read("a.pexhead")
    }
    #expect(files[0] == files[1])
    #expect(Set(files).count == 3)
  }

  @Test func whatCannotBeLearnedFrom() throws {
    let folder = try Folder()
    try camera([2, 3], in: folder)
    let base = try Digits.made().base
    let output = ["-o", "a.pexhead"]
    try Program.pextrain.refuses([base] + output, status: 64, saying: ["--data", "--unlabelled"], in: folder)
    try Program.pextrain.refuses(
      [base, "--unlabelled", "camera", "--supervision", "labels"] + output, status: 65, saying: ["label"], in: folder)
    try Program.pexconvert.succeed(
      [
        Digits.model, "--output-kind", "none", "--exits", "3", "-o", "none.pex", "--preprocess", "unit", "--channels",
        "gray",
      ],
      in: folder)
    try Program.pextrain.refuses(
      ["none.pex", "--unlabelled", "camera"] + output, status: 65, saying: ["classifier", "--data"], in: folder)
    for option in [["--mix", "2"], ["--temperature", "0"], ["--supervision", "foo"]] {
      try Program.pextrain.refuses([base, "--unlabelled", "camera"] + output + option, status: 64, in: folder)
    }
  }
}
