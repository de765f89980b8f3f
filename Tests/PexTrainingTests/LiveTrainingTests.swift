import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTraining
import Testing

/// Heads inside an app: samples one at a time, training in the background, new heads in running sessions.
@Suite struct LiveTrainingTests {
  private func request(epochs: Int = 3) -> PersonalTraining.Request {
    var request = PersonalTraining.Request()
    request.exits = [3, 8]
    request.kind = .linear
    request.options.epochs = epochs
    return request
  }

  /// More epochs than anybody has time for.
  private var endless: PersonalTraining.Request { request(epochs: 100_000) }

  private func live(
    _ request: PersonalTraining.Request, accepts: @escaping LiveTraining.Acceptance = { _, _ in true }
  ) throws -> LiveTraining {
    try LiveTraining(try SampleModel.model(), request, threads: 2, producer: "test", accepts: accepts)
  }

  private func add(_ person: Person, to live: LiveTraining) async throws -> [LiveTraining.SampleID] {
    var ids: [LiveTraining.SampleID] = []
    for picture in person.pictures { ids.append(try await live.add([Person.tensor(picture)], label: picture.label)) }
    return ids
  }

  /// What training on all samples at once gives.
  private func expected(_ person: Person) throws -> [UInt8] {
    let model = try SampleModel.model()
    let result = try PersonalTraining(try Session(model, threads: 1), request()).run(person.samples())
    return try result.headFile(for: model.bundle.contents, producer: "test").encoded()
  }

  @Test func samplesOneByOneGiveTheSameHeads() async throws {
    let live = try live(request())
    var person = Person(each: 6)
    let ids = try await add(person, to: live)
    #expect(live.count == 18)
    #expect(try await live.train().file.encoded() == expected(person))

    // From here on no picture is given again.
    person.pictures[4].label = 3
    try live.relabel(ids[4], 3)
    person.pictures[7].label = nil
    try live.relabel(ids[7], nil)
    person.pictures.remove(at: 2)
    try live.remove(ids[2])
    let outcome = try await live.train()
    #expect(try outcome.file.encoded() == expected(person))
    #expect(outcome.isInUse)
    #expect(try live.current?.encoded() == outcome.file.encoded())
    #expect(throws: PexError.self) { try live.remove(ids[2]) }
    #expect(throws: PexError.self) { try live.relabel(ids[2], 3) }
    #expect(throws: PexError.self) { try live.relabel(ids[0], -1) }
  }

  @Test func tooManySamplesAreRefused() async throws {
    var few = request()
    let live = try live(few)
    _ = try await add(Person(each: 1), to: live)
    few.storage.memory = 3 * 4096
    let small = try self.live(few)
    var error: PexError?
    do { _ = try await add(Person(each: 20), to: small) } catch let refused as PexError { error = refused }
    #expect(error?.kind == .usage && error?.message.contains("12 KiB are allowed") == true)
    #expect(small.count > 0 && small.count < 60)
    // Who is refused has not taken room.
    let before = small.count
    await #expect(throws: PexError.self) { try await small.add([Person.tensor(Person(each: 1).pictures[0])]) }
    #expect(small.count == before)
    await #expect(throws: PexError.self) {
      try await live.add([try Tensor([1, 3, 8, 8], [Float](repeating: 0, count: 192))])
    }
    #expect(live.count == 3)
  }

  @Test func whoeverCancelsKeepsTheLastHeads() async throws {
    let live = try live(endless)
    _ = try await add(Person(each: 6), to: live)
    let first = try await live.train(within: .milliseconds(20))
    #expect(first.isInUse && first.result.heads.count == 2)
    let good = try first.file.encoded()
    for delay in [0, 1, 2, 5, 10, 20, 50] {
      let training = Task { try await live.train() }
      try await Task.sleep(for: .milliseconds(delay))
      if delay % 2 == 0 { live.cancel() }
      // A training that had not begun when everything was cancelled is one more to cancel.
      training.cancel()
      await #expect(throws: CancellationError.self) { try await training.value }
      #expect(try live.current?.encoded() == good)
      #expect(try live.slot.heads.classes == HeadFile(bytes: good).classes)
    }
    #expect(try await live.train(within: .milliseconds(5)).isInUse)
  }

  @Test func theLastMomentIsNotTooLateToCancel() async throws {
    let box = Mailbox()
    let live = try live(request()) { _, _ in
      box.live?.cancel()
      return true
    }
    box.live = live
    _ = try await add(Person(each: 4), to: live)
    await #expect(throws: CancellationError.self) { try await live.train() }
    let base = try HeadSet(base: try SampleModel.model().bundle)
    #expect(live.current == nil && live.slot.heads.entries.count == base.entries.count)
  }

  @Test func headsThatAreNotAcceptedAreNotUsed() async throws {
    let live = try live(request()) { new, current in current == nil || new.heads.isEmpty }
    _ = try await add(Person(each: 4), to: live)
    #expect(try await live.train().isInUse)
    let good = try live.current?.encoded()
    _ = try await add(Person(each: 4, seed: 2), to: live)
    let second = try await live.train()
    #expect(!second.isInUse)
    #expect(try live.current?.encoded() == good)
  }

  /// Nobody gets worse heads for want of time.
  @Test func headsInUseStayWhereNewOnesAreWorse() async throws {
    let live = try LiveTraining(try SampleModel.model(), request(epochs: 40), threads: 2)
    _ = try await add(Person(each: 20), to: live)
    let first = try await live.train()
    #expect(first.isInUse)
    let second = try await live.train(within: .zero)
    #expect(!second.isInUse)
    #expect(second.result.successions.map(\.exit) == [3, 8])
    for succession in second.result.successions {
      #expect(succession.keepsEarlier && succession.writtenAccuracy < succession.earlierAccuracy)
    }
    for (kept, head) in zip(second.result.heads, first.file.heads) {
      #expect(kept.head.parameters.map(\.floats) == head.head.parameters.map(\.floats))
      #expect(kept.head.temperature == head.head.temperature)
    }
    #expect(try live.current?.encoded() == first.file.encoded())
    // Whoever wants them nevertheless says so: here all heads stay, so nothing is lost.
    let others = try self.live(request(epochs: 40))
    _ = try await add(Person(each: 20), to: others)
    _ = try await others.train()
    #expect(try await others.train(within: .zero).isInUse)
  }

  /// Whoever takes a sample back does not want heads that learned from it, however good they are.
  @Test func headsThatKnowARemovedSampleDoNotStay() async throws {
    let live = try LiveTraining(try SampleModel.model(), request(epochs: 40), threads: 2)
    let ids = try await add(Person(each: 20), to: live)
    let first = try await live.train()
    try live.remove(ids[0])
    let second = try await live.train(within: .zero)
    #expect(second.isInUse && second.result.successions.isEmpty)
    for (new, old) in zip(second.file.heads, first.file.heads) {
      #expect(new.head.parameters.map(\.floats) != old.head.parameters.map(\.floats))
    }
    // From then on they are compared again.
    _ = try await live.train()
    #expect(try await live.train(within: .zero).result.successions.count == 2)
  }

  /// A head that has learned samples by heart answers them better than any head that has not seen them. That must not
  /// keep it from being replaced when more samples come.
  @Test func memoryIsNotTakenForMerit() async throws {
    var request = request(epochs: 60)
    (request.options.weightDecay, request.forcesHeads) = (0, true)
    let live = try LiveTraining(try SampleModel.model(), request, threads: 2)
    var generator = SplitMix64(seed: 3)
    var person = Person(each: 24)
    // Labels without a rule.
    for index in person.pictures.indices {
      person.pictures[index].label = Person.classes[Int.random(in: 0..<3, using: &generator)]
    }
    var first = person
    first.pictures = Array(person.pictures.prefix(48))
    _ = try await add(first, to: live)
    #expect(try await live.train().isInUse)
    person.pictures.removeFirst(48)
    _ = try await add(person, to: live)
    let second = try await live.train()
    #expect(second.isInUse)
    // The deepest head departs from the classifier and learns nothing by heart.
    let early = try #require(second.result.successions.first)
    #expect(try #require(early.newAccuracy) < early.earlierAccuracy)
    #expect(!early.keepsEarlier)
  }

  @Test(arguments: [0, 1, 30]) func timeThatIsOverGivesTheBestSoFar(milliseconds: Int) async throws {
    var request = endless
    request.forcesHeads = true
    let live = try live(request)
    _ = try await add(Person(each: 10), to: live)
    let outcome = try await live.train(within: .milliseconds(milliseconds))
    #expect(outcome.result.heads.map(\.report.exit) == [3, 8])
    let set = try HeadSet(outcome.file, on: try SampleModel.model().bundle)
    let session = try Session(try SampleModel.model(), heads: set, threads: 1)
    let answer = try session.run([Person.tensor(Person(each: 1).pictures[0])], .all)
    // The deepest head may only add to what the classifier says.
    #expect(answer.computed.count >= 2 && answer.computed[0].logits.count == 3)
  }

  @Test func theCooperativeThreadsStayFree() async throws {
    let live = try live(endless)
    _ = try await add(Person(each: 4), to: live)
    // More than there are threads: were one of them blocked by each, nobody could cancel.
    let trainings = (0..<64).map { _ in Task { try await live.train() } }
    try await Task.sleep(for: .milliseconds(20))
    for training in trainings { training.cancel() }
    for training in trainings { await #expect(throws: CancellationError.self) { try await training.value } }
  }

  @Test func aRunningSessionTakesNewHeadsWhole() throws {
    let model = try SampleModel.model()
    let inputs = [try Person.tensor(Person(each: 1).pictures[1])]
    let sets = try [Person(each: 6), Person(each: 6, seed: 5)].enumerated().map { index, person in
      var request = request()
      request.forcesHeads = true
      if index == 1 { request.exits = [5] }
      request.classes = index == 0 ? nil : [3, 17, 42, 60]
      let result = try PersonalTraining(try Session(model, threads: 1), request).run(person.samples())
      return try HeadSet(try result.headFile(for: model.bundle.contents, producer: "test"), on: model.bundle)
    }
    let answers = try sets.map { try Session(model, heads: $0, threads: 1).run(inputs, .all) }
    func words(_ answer: Answer) -> [[Float]] { answer.computed.map(\.probabilities) }
    #expect(words(answers[0]) != words(answers[1]))

    let slot = HeadSlot(sets[0])
    let stop = Cancellation()
    let swapper = Thread {
      var turn = 0
      while !stop.isCancelled {
        turn += 1
        slot.heads = sets[turn % 2]
      }
    }
    swapper.start()
    defer { stop.cancel() }
    let session = try Session(model, slot: slot, threads: 1)
    var seen: Set<Int> = []
    var runs = 0
    while runs < 200 || (seen.count < 2 && runs < 100_000) {
      runs += 1
      let found = try session.run(inputs, .all)
      let set = answers.firstIndex { words($0) == words(found) && $0.classes == found.classes }
      seen.insert(try #require(set, "heads of two sets in one answer"))
    }
    #expect(seen == [0, 1])
  }
}

/// Hands something to a closure that is older.
private final class Mailbox: @unchecked Sendable {
  var live: LiveTraining?
}
