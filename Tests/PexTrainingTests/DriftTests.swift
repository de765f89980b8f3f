import PexRuntime
import PexTensor
import PexTraining
import Testing

/// The drift monitor is quiet as often as it says, and loud when the light goes.
@Suite struct DriftTests {
  /// The share of windows with an alarm, each with a reference of its own.
  private func alarms(_ windows: Int, level: Double, shift: Float = 0, row: (inout SplitMix64) -> [Float]) throws -> Int
  {
    var generator = SplitMix64(seed: 11)
    var alarms = 0
    for window in 0..<windows {
      let reference = (0..<24).map { _ in row(&generator) }
      var monitor = try DriftMonitor(reference: reference, exit: 1, window: 8, level: level, seed: UInt64(window))
      for input in 0..<8 {
        let finding = try monitor.observe(row(&generator).map { $0 + shift })
        #expect((finding != nil) == (input == 7))
        if finding?.isDrift == true { alarms += 1 }
      }
    }
    return alarms
  }

  @Test func falseAlarmsAreAsRareAsPromised() throws {
    // Skewed numbers with some far outliers, in part the same: nothing that a formula would like.
    func row(_ generator: inout SplitMix64) -> [Float] {
      let common = generator.normal()
      return (0..<5).map { _ in
        let number = generator.normal() + common
        return number * number * number
      }
    }
    // Of 600 windows 30 are expected; a binomial number is within four deviations of that.
    let quiet = try alarms(600, level: 0.05, row: row)
    #expect((9...51).contains(quiet), "\(quiet) of 600")
    #expect(try alarms(600, level: 0.001, row: row) <= 4)
    #expect(try alarms(50, level: 0.05, shift: 6, row: row) > 40)
  }

  @Test func darkPicturesAreNoticed() async throws {
    var request = PersonalTraining.Request()
    request.exits = [3, 8]
    request.options.epochs = 2
    let model = try SampleModel.model()
    let live = try LiveTraining(model, request, threads: 2)
    #expect(try live.driftMonitor() == nil)
    for picture in Person(each: 32).pictures { _ = try await live.add([Person.tensor(picture)], label: picture.label) }
    _ = try await live.train()
    let session = try Session(model, slot: live.slot, threads: 1)
    session.keepsFeatures = true

    func findings(light: Float, seed: UInt64) throws -> [DriftMonitor.Finding] {
      var monitor = try #require(try live.driftMonitor(window: 24))
      return try Person(each: 24, seed: seed).pictures.compactMap { picture in
        let answer = try session.run([Person.tensor(picture, light: light)])
        let features = try #require(answer.features)
        #expect(features.exit == monitor.exit)
        return try monitor.observe(features.values)
      }
    }
    let same = try findings(light: 1, seed: 8)
    #expect(same.count == 3 && same.allSatisfy { !$0.isDrift })
    let dark = try findings(light: 0.4, seed: 9)
    #expect(dark.count == 3 && dark.allSatisfy { $0.isDrift && $0.pValue == 0.001 })
  }

  @Test func featuresAreThoseOfTraining() throws {
    let model = try SampleModel.model()
    let session = try Session(model, threads: 2)
    let inputs = [try Person.tensor(Person(each: 1).pictures[0])]
    #expect(try session.run(inputs, .all).features == nil)
    session.keepsFeatures = true
    let features = try #require(try session.run(inputs, .all).features)
    #expect(features.exit == session.heads.entries.first?.exit)
    var table = try TapTable(
      tap: "tap", channels: features.values.count / 2, spatial: try spatial(model, features.exit))
    try session.taps(inputs, at: [features.exit]) { _, tap in
      try tap.withNumbers { try table.append($0, label: nil) }
    }
    #expect(try Array(table.pooled().row(0)) == features.values)
  }

  private func spatial(_ model: Model, _ exit: Int) throws -> [Int] {
    let point = try #require(model.bundle.contents.trunk.exitPoint(exit))
    return Array(model.bundle.graph[point.value].type.perSample.dropFirst(2))
  }

  @Test func whatCannotBeComparedIsRefused() throws {
    let rows = [[Float]](repeating: [1, 2], count: 16)
    #expect(kind { try DriftMonitor(reference: Array(rows.dropLast()), exit: 1) } == .malformed)
    #expect(kind { try DriftMonitor(reference: rows + [[1]], exit: 1) } == .defect)
    #expect(kind { try DriftMonitor(reference: rows + [[1, .nan]], exit: 1) } == .malformed)
    #expect(kind { try DriftMonitor(reference: rows, exit: 1, window: 7) } == .usage)
    #expect(kind { try DriftMonitor(reference: rows, exit: 1, level: 0) } == .usage)
    var monitor = try DriftMonitor(reference: rows, exit: 1, window: 8)
    #expect(kind { try monitor.observe([1]) } == .defect)
    #expect(kind { try monitor.observe([1, .infinity]) } == .malformed)
    // Numbers that never change are no drift.
    let findings = try (0..<16).compactMap { _ in try monitor.observe([1, 2]) }
    #expect(findings.count == 2 && findings.allSatisfy { !$0.isDrift })
  }
}
