import Foundation
import Testing

/// Small sound files with bytes that were changed: whatever becomes of the reader, the program that runs it ends with a
/// status that says what is wrong, in one line.
///
/// PEX_MUTATIONS=NUMBER tries more of them, PEX_MUTATION_SEED=NUMBER others.
@Suite struct KerasMutationTests {
  /// The same numbers every time (the multiplier and increment are Knuth's MMIX).
  private struct Numbers {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(limit))
    }
  }

  private static func setting(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
  }

  /// One change: a bit, a number of one, four or eight bytes that means much in many places, bytes from elsewhere, or the end.
  private func change(_ bytes: inout [UInt8], _ numbers: inout Numbers) {
    let place = numbers.below(bytes.count)
    let numbersThatMatter: [UInt64] = [
      0, 1, .max, 1 << 62, 1 << 31, UInt64(numbers.below(bytes.count)), UInt64(numbers.below(1 << 31)),
    ]
    switch numbers.below(16) {
    case 0..<6: bytes[place] ^= 1 << numbers.below(8)
    case 6..<8: bytes[place] = UInt8(numbers.below(256))
    case 8..<13:
      let number = numbersThatMatter[numbers.below(numbersThatMatter.count)]
      let length = [1, 4, 8][numbers.below(3)]
      for index in 0..<length where place + index < bytes.count {
        bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
      }
    case 13..<15:
      let from = numbers.below(bytes.count)
      for index in 0..<numbers.below(64) where max(place, from) + index < bytes.count {
        bytes[place + index] = bytes[from + index]
      }
    default: bytes.removeSubrange(max(place, 16)...)
    }
  }

  @Test func changedFilesAreRefusedOrRead() throws {
    let folder = try Folder()
    let names = [
      "keras1/sequential_tf.h5", "keras2/sequential.h5", "keras2/shared_layer.h5", "keras3/nested_functional.h5",
      "keras3/separable_conv2d.h5", "keras3-archive/sequential.keras", "keras3-archive/batch_normalization.keras",
    ]
    let sound = try names.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: KerasFiles.path($0)))) }
    var numbers = Numbers(state: UInt64(Self.setting("PEX_MUTATION_SEED", 3)))
    var found: [Int32: Int] = [:]
    for _ in 0..<Self.setting("PEX_MUTATIONS", 200) {
      var bytes = sound[numbers.below(sound.count)]
      for _ in 0...numbers.below(4) { change(&bytes, &numbers) }
      try folder.write("x.h5", bytes)
      let outcome = try Program.pexinfo.run(["x.h5"], in: folder)
      found[outcome.status, default: 0] += 1
      // Weights may change without harm, and a model may lose its shape (64) as well as its layers (69).
      guard [0, 64, 65, 69].contains(outcome.status), outcome.complaints.count <= 2 else {
        let kept = NSTemporaryDirectory() + "/pex-mutation-\(UUID().uuidString).h5"
        try Data(bytes).write(to: URL(fileURLWithPath: kept))
        Issue.record("\(kept): status \(outcome.status): \(outcome.stderr)")
        continue
      }
      #expect(outcome.status == 0 || outcome.complaints.first?.hasPrefix("pexinfo: error: x.h5: ") == true)
    }
    #expect(found[0, default: 0] > 0 && found[65, default: 0] > 0, "\(found)")
  }
}
