import Foundation
import PexData
import PexTensor
import Testing

@Suite struct DatasetTests {
  private func format(_ layout: SampleFormat.Layout = .nchw, side: Int = 2) throws -> SampleFormat {
    try SampleFormat(channels: 3, height: side, width: side, layout: layout, preprocessing: .unit)
  }

  @Test func folderSamplesAreDecodedWhenAskedFor() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/cat/1.png"])
      try Fixture.place("stored.npz", at: ["\(folder)/owl/2.jpg"])
      let data = try Dataset(path: folder, format: format(), classNames: ["owl", "cat"])
      #expect(data.labels == [1, 0])
      #expect(data.classNames == ["owl", "cat"])
      let sample = try data.sample(0)
      #expect(sample.label == 1)
      #expect(sample.tensor.shape.dimensions == [1, 3, 2, 2])
      let error = failure { try data.sample(1) }
      #expect(error?.kind == .malformed)
      #expect(error?.message.contains("owl/2.jpg") == true)
      #expect(failure { try data.sample(2) }?.kind == .defect)
      #expect(try Dataset(path: folder, format: format(), ignoresLabels: true).labels == [nil, nil])
      #expect(try Dataset(path: folder, format: format(), classCount: 2).warnings.count == 1)
      #expect(failure { try Dataset(path: folder, format: format(), classCount: 3) }?.kind == .malformed)
    }
  }

  @Test func arraysInFoldersAreUsedAsTheyAre() throws {
    try Fixture.withFolder { folder in
      let numbers = (0..<12).map { Float($0) }
      let path = "\(folder)/a.npy"
      try Data(Npy.encode(Tensor([2, 2, 3], numbers))).write(to: URL(fileURLWithPath: path))
      let tensor = try format(.nhwc).load(path: path)
      #expect(tensor.shape.dimensions == [1, 3, 2, 2])
      #expect(tensor.floats == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
      #expect(failure { try format().load(path: path) }?.kind == .malformed)
      try Data(Npy.encode(Tensor([1, 3, 2, 2], [.nan] + numbers.dropFirst()))).write(to: URL(fileURLWithPath: path))
      #expect(failure { try format().load(path: path) }?.message.contains("NaN") == true)
    }
  }

  @Test func archivesGiveSamplesAndLabels() throws {
    let data = try Dataset(path: Fixture.path("stored.npz"), format: format(), classCount: 2)
    #expect(data.labels == [1, 0])
    #expect(try data.sample(1).tensor.floats == (12..<24).map { Float($0) / 4 })
    #expect(try data.sample(1).label == 0)
    let halves = try Dataset(path: Fixture.path("deflated.npz"), format: format())
    #expect(try halves.sample(3).tensor.dtype == .float32)
  }

  /// Labels as other programs write them: whole numbers of any type and byte order, in a row or a column.
  @Test(arguments: ["big-endian", "whole-floats", "column"]) func unambiguousLabelsAreRead(name: String) throws {
    let data = try Dataset(path: Fixture.path("labels-\(name).npz"), format: format(), classCount: 3)
    #expect(data.labels == [2, 0])
  }

  @Test(arguments: [
    ("labels-text", "numpy.unique"), ("labels-fractions", "astype('<i8')"), ("labels-one-hot", "argmax(1)"),
    ("pixels-int64", "astype('u1')"), ("pixels-uint16", "astype('f4')"),
  ])
  func ambiguousArchivesGetAHint(name: String, hint: String) throws {
    let format = try format()
    let error = failure { try Dataset(path: Fixture.path("\(name).npz"), format: format, classCount: 3) }
    #expect(error?.kind == .malformed)
    #expect(error?.hint?.contains(hint) == true, "\(error?.description ?? "read")")
  }

  @Test func levelsInArchivesAreScaled() throws {
    let data = try Dataset(path: Fixture.path("levels.npz"), format: format())
    #expect(data.labels == [nil, nil])
    let found = try data.sample(1).tensor.floats
    for (level, number) in zip(12..<24, found) { #expect(abs(number - Float(level) / 255) < 1e-6) }
  }

  @Test(arguments: [
    ("nan.npz", "sample 1 holds"), ("labels-beyond.npz", "sample 1 has class 5"), ("gray.jpg", "zip"),
  ])
  func unsoundArchivesAreRefused(name: String, words: String) throws {
    let format = try format()
    let error = failure { try Dataset(path: Fixture.path(name), format: format, classCount: 3) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
  }

  @Test func sampleDigitsAreRead() throws {
    let folder = Fixture.path("../../../SampleModels/digits")
    let names = try String(contentsOfFile: "\(folder)/labels.txt", encoding: .utf8).split(separator: "\n").map(
      String.init)
    var preprocessing = Preprocessing.unit
    preprocessing.channels = .gray
    let format = try SampleFormat(channels: 1, height: 32, width: 32, preprocessing: preprocessing)
    let data = try Dataset(path: "\(folder)/person/test", format: format, classNames: names, classCount: 10)
    #expect(data.labels == (0..<10).flatMap { Array(repeating: $0, count: 20) })
    for index in 0..<data.count {
      let tensor = try data.sample(index).tensor
      #expect(tensor.shape.dimensions == [1, 1, 32, 32])
      #expect(tensor.floats.allSatisfy { (0...1).contains($0) } && tensor.floats.contains { $0 > 0.9 })
    }
  }

  @Test func shapesAreCompared() throws {
    let format = try format(side: 3)
    #expect(failure { try Dataset(path: Fixture.path("stored.npz"), format: format) }?.kind == .malformed)
    #expect(failure { try SampleFormat(channels: 3, height: 0, width: 1, preprocessing: .none) }?.kind == .malformed)
  }
}
