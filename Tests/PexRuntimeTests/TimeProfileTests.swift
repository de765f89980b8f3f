import Foundation
import PexHeads
import PexRuntime
import PexTensor
import Testing

/// What ways through a network take on this machine.
@Suite struct TimeProfileTests {
  private func heads(_ model: Model) throws -> [(exit: Int, head: Head)] {
    try HeadSet(base: model.bundle).entries.map { ($0.exit, $0.head) }
  }

  @Test func everyPartOfAWayIsThere() throws {
    let model = try Model(try TrainedWeightsTests.network())
    let heads = try heads(model)
    let times = try TimesInMemory(model, threads: 1).times(of: heads)
    let full = try times.trunk(.final)
    var before = 0.0
    for (exit, head) in heads {
      let trunk = try times.trunk(.exit(exit))
      #expect(trunk > before && trunk <= full)
      before = trunk
      #expect(try times.readout(head.specification) > 0)
      // The taps of the exits in front and its own; a branch takes longer than pooling alone.
      let taps = try times.taps(head.specification, at: exit)
      #expect(Set(taps.keys) == Set(head.specification.earlier.map(\.exit) + [exit]))
      #expect(taps.values.allSatisfy { $0 > 0 && $0 < full })
    }
  }

  /// Once measured, a part keeps its time, whatever is asked besides.
  @Test func nothingIsMeasuredTwice() throws {
    let model = try Model(try makeBundle(seed: deepSeed, exits: [1, 2, 3]))
    let heads = try heads(model)
    let keeper = TimesInMemory(model, threads: 1)
    let some = try keeper.times(of: Array(heads.prefix(1)))
    #expect(throws: PexError.self) { try some.trunk(.exit(heads[1].exit)) }
    let all = try keeper.times(of: heads)
    #expect(try all.trunk(.final) == some.trunk(.final))
    #expect(try all.trunk(.exit(heads[0].exit)) == some.trunk(.exit(heads[0].exit)))
    #expect(try keeper.times(of: heads) == all)
    #expect(all != some)
  }

  /// What a file gives back is what was put in; numbers that are no times are found out.
  @Test func itGoesThroughFilesAndHostileOnesAreFound() throws {
    let model = try Model(try makeBundle(seed: deepSeed, exits: [1]))
    let times = try TimesInMemory(model, threads: 1).times(of: try heads(model))
    let text = String(decoding: try JSONEncoder().encode(times), as: UTF8.self)
    let back = try JSONDecoder().decode(TimeProfile.self, from: Data(text.utf8))
    #expect(back == times && back.isSound)
    for wrong in ["0", "-1", "1e300"] {
      let changed = text.replacing(/"trunk final":[-+.eE0-9]+/, with: "\"trunk final\":\(wrong)")
      #expect(changed != text)
      #expect(try !JSONDecoder().decode(TimeProfile.self, from: Data(changed.utf8)).isSound)
    }
  }
}
