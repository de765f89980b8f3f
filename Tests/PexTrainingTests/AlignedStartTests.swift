import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTraining
import Testing

/// Whose base heads are aligned before training: people whose pictures lie elsewhere, and nobody else.
@Suite struct AlignedStartTests {
  private static func base(_ kind: HeadKind) throws -> Model {
    let model = try SampleModel.bare()
    var request = PersonalTraining.Request()
    request.exits = [3, 8]
    request.kind = kind
    request.isBase = true
    request.options.epochs = 6
    let result = try PersonalTraining(try Session(model, threads: 2), request).run(Person(each: 40).samples())
    let bytes = try result.contents(from: model.bundle.contents).encoded()
    return try Model(try BundleFile(bytes: bytes))
  }

  private static let linear = Result { try base(.linear) }
  private static let multitap = Result { try base(.multitap) }
  private static let prototype = Result { try base(.prototype) }

  private func train(_ model: Model, _ person: Person) throws -> PersonalTraining.Result {
    var request = PersonalTraining.Request()
    request.exits = [3, 8]
    request.options.epochs = 3
    request.forcesHeads = true
    return try PersonalTraining(try Session(model, threads: 2), request).run(person.samples())
  }

  /// Another person, in so much light.
  private func person(each count: Int, light: Float = 1) -> Person {
    var person = Person(each: count, seed: 2)
    person.light = light
    return person
  }

  @Test func baseTrainingShipsStatistics() throws {
    let statistics = try Self.linear.get().bundle.contents.statistics
    #expect(statistics.map(\.exit) == [3, 8] && statistics.map(\.classes) == [100, 100])
    for entry in statistics {
      let counts = try entry.checked().counts.floats
      #expect(counts.indices.filter { counts[$0] > 0 } == Person.classes && counts.reduce(0, +) == 120)
    }
    // Trained again, a bundle keeps what it knew of other exits.
    let model = try Self.linear.get()
    var request = PersonalTraining.Request()
    (request.exits, request.isBase, request.options.epochs) = ([8], true, 1)
    let again = try PersonalTraining(try Session(model, threads: 2), request).run(Person(each: 5, seed: 3).samples())
    let kept = try again.contents(from: model.bundle.contents).statistics
    #expect(kept.map(\.exit) == [3, 8])
    #expect(try kept.map { try $0.checked().counts.floats.reduce(0, +) } == [120, 15])
  }

  /// With few labels the shift decides, with many the loss of the heads as they are shipped.
  @Test(arguments: [15, 20]) func shiftedPeopleGetAnAlignedStart(each: Int) throws {
    for model in [try Self.linear.get(), try Self.multitap.get()] {
      #expect(try train(model, person(each: each, light: 0.4)).alignedExits == [3, 8])
    }
  }

  @Test func othersDoNot() throws {
    for model in [try Self.linear.get(), try Self.multitap.get()] {
      #expect(try train(model, person(each: 15)).alignedExits == [])
    }
    // Neither does anybody where the bundle has no statistics, or whose heads cannot be aligned.
    let plain = try SampleModel.bare()
    #expect(plain.bundle.contents.statistics.isEmpty)
    #expect(try train(plain, person(each: 15, light: 0.4)).alignedExits == [])
    #expect(try train(try Self.prototype.get(), person(each: 15, light: 0.4)).alignedExits == [])
  }

  @Test func alignmentHelpsWhoIsShifted() throws {
    let model = try Self.linear.get()
    var contents = model.bundle.contents
    contents.statistics = []
    let bare = try Model(try BundleFile(bytes: try contents.encoded()))
    let shifted = person(each: 2, light: 0.4)
    let test = Person(each: 30, seed: 4)
    func accuracy(_ model: Model) throws -> Double {
      let result = try train(model, shifted)
      let file = try result.headFile(for: model.bundle.contents, producer: "test")
      let heads = try HeadSet(file, on: model.bundle)
      let session = try Session(model, heads: heads, threads: 2)
      let right = try test.pictures.count { picture in
        let answer = try session.run([Person.tensor(picture, light: 0.4)], .fixed(3))
        let probabilities = answer.answering?.probabilities ?? []
        let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] }
        return best.map { result.classes[$0] } == model.bundle.contents.classNames?[picture.label ?? 0]
      }
      return Double(right) / Double(test.pictures.count)
    }
    #expect(try accuracy(model) > accuracy(bare))
  }

  /// The general means of a prototype head are worth a few of the person's samples, however many made them.
  @Test func prototypesOfABundleCanStillBeMoved() throws {
    let model = try Self.prototype.get()
    let shipped = try #require(try model.bundle.baseHead(at: 3))
    #expect(try shipped.parameter("count").floats.max() == 40)
    let head = try #require(try train(model, person(each: 5)).heads.first?.head)
    #expect(try head.parameter("count").floats == [Float](repeating: min(40, Prototypes.anchorWeight) + 5, count: 3))
  }
}
