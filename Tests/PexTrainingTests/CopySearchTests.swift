import PexTensor
import PexTraining
import Testing

/// Copies are found by what samples look like from afar and by their features, and pictures that are merely alike are not.
@Suite struct CopySearchTests {
  /// Samples as the search sees them.
  private struct Scene {
    var pictures: [[Float]] = []
    var features: [[Float]] = []
    var labels: [Int?] = []
    private var generator = SplitMix64(seed: 3)

    private mutating func row(_ count: Int, _ scale: Float, around centre: [Float]? = nil) -> [Float] {
      (0..<count).map { (centre?[$0] ?? 0) + scale * generator.normal() }
    }

    /// A picture of its own.
    mutating func add(label: Int?, spread: Float = 1, around other: Int? = nil) {
      pictures.append(row(48, spread, around: other.map { pictures[$0] }))
      features.append(row(24, spread, around: other.map { features[$0] }))
      labels.append(label)
    }

    /// The same numbers again.
    mutating func copy(_ sample: Int, label: Int?) {
      pictures.append(pictures[sample])
      features.append(features[sample])
      labels.append(label)
    }

    func groups(taps: Int = 2) throws -> SampleGroups {
      func table(_ name: String, _ rows: [[Float]]) throws -> FeatureTable {
        var table = try FeatureTable(tap: name, width: rows[0].count)
        for row in rows { try table.append(row, label: nil) }
        return table
      }
      return try CopySearch(
        pictures: table("pictures", pictures), taps: (0..<taps).map { try table("exit \($0)", features) },
        labels: labels
      ).groups()
    }
  }

  /// As many pictures of each of three classes.
  private func scene(each count: Int, spread: Float = 1) -> Scene {
    var scene = Scene()
    for label in 0..<3 { scene.add(label: label) }
    for index in 3..<max(3, 3 * count) {
      scene.add(label: index % 3, spread: spread, around: spread < 1 ? index % 3 : nil)
    }
    return scene
  }

  @Test func equalSamplesAreOneWhateverTheirNumber() throws {
    var scene = scene(each: 10)
    for _ in 0..<4 { for sample in 0..<30 { scene.copy(sample, label: sample % 3) } }
    let groups = try scene.groups()
    #expect(groups.copies == 120 && groups.agreeing.count == 30 && groups.contradicting.isEmpty)
    #expect(groups.groups.allSatisfy { $0.isExact && $0.kept == $0.members[0] })
    #expect(groups.groups.map { $0.members[0] } == Array(0..<30))
    #expect(groups.leftOut == Set(30..<150))
    #expect(groups.summary == "120 copies of 30 pictures count once")
  }

  @Test func theLabelledCopyStays() throws {
    var scene = scene(each: 10)
    scene.add(label: nil)
    scene.copy(30, label: 2)
    scene.copy(30, label: nil)
    #expect(try scene.groups().groups == [.init(members: [30, 31, 32], kept: 31, isExact: true)])
    // Nearly equal, and unlabelled in front.
    scene.add(label: nil)
    scene.add(label: 1, spread: 0.05, around: 33)
    #expect(try scene.groups().groups.last == .init(members: [33, 34], kept: 34, isExact: false))
  }

  @Test func aPictureOfTwoClassesIsLeftOut() throws {
    var scene = scene(each: 10)
    scene.copy(4, label: 2)
    scene.copy(4, label: nil)
    scene.copy(5, label: 2)
    let groups = try scene.groups()
    #expect(groups.contradicting == [.init(members: [4, 30, 31], kept: nil, isExact: true)])
    #expect(groups.leftOut == [4, 30, 31, 32])
    #expect(
      groups.summary == "1 copy of 1 picture counts once, 3 copies with contradicting labels are left out")
    // Nearly the same picture.
    scene.add(label: 0, spread: 0.05, around: 7)
    #expect(try scene.groups().contradicting.map(\.members) == [[4, 30, 31], [7, 33]])
  }

  /// Nobody knows either of which class a copy is whose original lies in two.
  @Test func nearCopiesOfAContradictedPictureGoWithIt() throws {
    var scene = scene(each: 10)
    scene.copy(4, label: 2)
    scene.add(label: 1, spread: 0.05, around: 4)
    scene.add(label: nil, spread: 0.05, around: 4)
    // Equal to a near copy.
    scene.copy(31, label: 1)
    let groups = try scene.groups()
    #expect(groups.groups == [.init(members: [4, 30, 31, 32, 33], kept: nil, isExact: false)])
    #expect(groups.summary == "5 copies with contradicting labels are left out")
  }

  /// The same where the contradiction is between pictures that are nearly one: what is near either goes.
  @Test func nearCopiesOfEitherSideGo() throws {
    var scene = scene(each: 10)
    // Two steps from picture 0 towards picture 3, of which the second is near the first, but not near picture 0.
    for part in [0.14, 0.28] as [Float] {
      func step(_ rows: [[Float]]) -> [Float] { zip(rows[0], rows[3]).map { $0 + part * ($1 - $0) } }
      scene.pictures.append(step(scene.pictures))
      scene.features.append(step(scene.features))
      scene.labels.append(1)
    }
    let groups = try scene.groups()
    #expect(groups.groups == [.init(members: [0, 30, 31], kept: nil, isExact: false)])
  }

  @Test(arguments: [2, 3, 10])
  func nearlyEqualSamplesAreOne(_ each: Int) throws {
    var scene = scene(each: each)
    let count = scene.labels.count
    for sample in 0..<count { for _ in 0..<4 { scene.add(label: sample % 3, spread: 0.08, around: sample) } }
    let groups = try scene.groups()
    #expect(groups.agreeing.count == count && groups.copies == 4 * count)
    #expect(groups.groups.allSatisfy { !$0.isExact })
    // One tap tells them, too.
    #expect(try scene.groups(taps: 1).copies == 4 * count)
  }

  @Test func picturesThatAreMerelyAlikeAreNot() throws {
    #expect(try scene(each: 300).groups().groups.isEmpty)
    // The pictures of a class are a fifth as far apart as those of different classes.
    #expect(try scene(each: 100, spread: 0.2).groups().groups.isEmpty)
    // No two of these samples are equal, and all are to their features.
    var blind = scene(each: 10)
    blind.features = blind.features.map { $0.map { _ in 1 } }
    #expect(try blind.groups().groups.isEmpty)
  }

  @Test func aLongBurstIsThinnedOutRatherThanOne() throws {
    var scene = scene(each: 10)
    let (start, first) = (scene.pictures.count, scene.pictures[0])
    // From one picture to another in small steps.
    scene.add(label: 0)
    let (last, features) = (scene.pictures[start], (scene.features[0], scene.features[start]))
    for step in 0..<100 {
      let part = Float(step) / 100
      scene.pictures.append(zip(first, last).map { $0 + part * ($1 - $0) })
      scene.features.append(zip(features.0, features.1).map { $0 + part * ($1 - $0) })
      scene.labels.append(0)
    }
    let groups = try scene.groups()
    #expect((60..<97).contains(groups.copies))
    // Each that does not count is near the very one that stands for it, a few steps away.
    for group in groups.groups where group.members.allSatisfy({ $0 > start }) {
      let kept = try #require(group.kept)
      #expect(group.members.allSatisfy { abs($0 - kept) < 25 })
    }
  }

  @Test func likenessIsDoubtedWhereLabelsSpeakAgainstIt() throws {
    // A camera that never moves: pictures of two classes differ in what cannot be seen from afar.
    var scene = scene(each: 10)
    for sample in 0..<15 { scene.add(label: (sample + 1) % 3, spread: 0.05, around: sample) }
    for sample in 15..<30 { scene.add(label: sample % 3, spread: 0.05, around: sample) }
    scene.copy(29, label: 2)
    #expect(try scene.groups().groups == [.init(members: [29, 60], kept: 29, isExact: true)])
  }

  @Test func nothingIsFoundAmongNothing() throws {
    var scene = Scene()
    scene.add(label: 0)
    #expect(try scene.groups().groups.isEmpty)
    scene.add(label: 1)
    #expect(try scene.groups().groups.isEmpty)
    scene.copy(0, label: 0)
    #expect(try scene.groups().copies == 1)
    #expect(SampleGroups().summary == nil)
  }
}
