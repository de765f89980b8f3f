import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTraining
import Testing

/// However many copies there are, training gives and promises what it does with one.
@Suite struct CopyTrainingTests {
  private let person = Person(each: 8)

  private var request: PersonalTraining.Request {
    var request = PersonalTraining.Request()
    (request.exits, request.kind, request.options.epochs) = ([2, 9], .linear, 3)
    return request
  }

  /// The person's pictures, each several times: as it is, and a little lighter or noisier.
  private func samples(exact: Int, near: Int = 0, labels: (Int, Int) -> Int? = { label, _ in label }) -> TrainingSamples
  {
    let pictures = person.pictures
    let times = exact + near
    let all = (0..<pictures.count * times).map { labels(pictures[$0 / times].label ?? 0, $0 % times) }
    return TrainingSamples(labels: all) { index in
      let tensor = try Person.tensor(pictures[index / times])
      guard index % times >= exact else { return [tensor] }
      var generator = SplitMix64(seed: UInt64(index))
      return [try Tensor([1, 3, 32, 32], tensor.floats.map { 1.01 * ($0 + 0.02 * generator.normal()) })]
    }
  }

  private func train(
    _ samples: TrainingSamples, _ change: (inout PersonalTraining.Request) -> Void = { _ in }
  ) throws -> (result: PersonalTraining.Result, bytes: [UInt8]) {
    let model = try SampleModel.bare()
    var request = request
    change(&request)
    let result = try PersonalTraining(try Session(model, threads: 2), request).run(samples)
    return (result, try result.headFile(for: model.bundle.contents, producer: "test").encoded())
  }

  @Test func theSameHeadsFromOneCopyAndFromMany() throws {
    let one = try train(samples(exact: 1))
    #expect(one.result.copies.groups.isEmpty && one.result.labels.count == 24)
    for (exact, near) in [(3, 0), (1, 2), (2, 1)] {
      let many = try train(samples(exact: exact, near: near))
      #expect(many.bytes == one.bytes, "\(exact) equal, \(near) nearly")
      #expect(many.result.labels.count == 24 && many.result.split == one.result.split)
      #expect(many.result.copies.copies == 48 && many.result.copies.agreeing.count == 24)
      #expect(many.result.copies.groups.allSatisfy { $0.isExact == (near == 0) })
    }
  }

  @Test(arguments: [HeadKind.linear, .conv])
  func copiesAreFoundInFilesOfFeaturesToo(_ kind: HeadKind) throws {
    let folder = TemporaryFolder()
    let plain = try train(samples(exact: 1, near: 1)) { ($0.exits, $0.kind) = ([9], kind) }
    for memory in [1 << 30, 1] {
      let kept = try train(samples(exact: 1, near: 1)) {
        ($0.exits, $0.kind) = ([9], kind)
        $0.storage = FeatureStorage(memory: memory, folder: folder.path)
      }
      #expect(kept.bytes == plain.bytes && kept.result.copies == plain.result.copies)
    }
    #expect(plain.result.copies.copies == 24)
  }

  @Test func aLabelledCopyStandsForUnlabelledOnes() throws {
    let one = try train(samples(exact: 1)) { $0.supervision = .labels }
    let many = try train(samples(exact: 3) { label, copy in copy == 1 ? label : nil }) { $0.supervision = .labels }
    #expect(many.bytes == one.bytes)
    #expect(many.result.copies.groups.allSatisfy { $0.kept.map { $0 % 3 } == 1 })
  }

  @Test func liveTrainingCountsThemOnceAsWell() async throws {
    let samples = samples(exact: 2, near: 1)
    let live = try LiveTraining(try SampleModel.bare(), request, threads: 2, producer: "test")
    for index in 0..<samples.count { _ = try await live.add(try samples.inputs(index), label: samples.labels[index]) }
    let outcome = try await live.train()
    #expect(outcome.result.copies.copies == 48)
    #expect(try outcome.file.encoded() == train(self.samples(exact: 1)).bytes)
  }

  @Test func whatLacksSamplesSaysThatCopiesWereLeftOut() throws {
    let contradicting = samples(exact: 2) { label, copy in copy == 0 ? label : Person.classes.first { $0 != label } }
    let error = #expect(throws: PexError.self) { try train(contradicting) }
    #expect(error?.kind == .malformed)
    #expect(
      error?.message.contains("48 copies with contradicting labels are left out") == true, "\(error?.message ?? "")")
    let risk = #expect(throws: PexError.self) { try train(samples(exact: 10)) { $0.policyGoal = .risk(0.02) } }
    #expect(risk?.message.contains("216 copies of 24 pictures count once") == true, "\(risk?.message ?? "")")
  }
}
