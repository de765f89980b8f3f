import Foundation
import PexData
import PexTensor
import Testing

@Suite struct ImageFolderTests {
  private func names(_ listed: ImageFolder, in folder: String) -> [String] {
    listed.samples.map { String($0.path.description.dropFirst(folder.count + 1)) }
  }

  private func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  @Test func foldersAreListedInByteOrder() throws {
    try Fixture.withFolder { folder in
      let samples = ["b/2.PNG", "b/10.png", "B/x.jpeg", "é/1.jpg"]
      try Fixture.place("rgb8.png", at: samples.map { "\(folder)/\($0)" })
      try link("\(folder)/B/link.png", to: "../b/10.png")
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["B", "b", "é"])
      #expect(names(listed, in: folder) == ["B/link.png", "B/x.jpeg", "b/10.png", "b/2.PNG", "é/1.jpg"])
      #expect(listed.samples.map(\.label) == [0, 0, 1, 1, 2])
      #expect(listed.warnings.isEmpty && listed.remark == nil)
    }
  }

  @Test func whatLiesBelowAClassIsOfIt() throws {
    try Fixture.withFolder { folder in
      let samples = ["cat/2024/trip/IMG.png", "cat/a.png", "dog/2023/b.png"]
      try Fixture.place("rgb8.png", at: samples.map { "\(folder)/\($0)" })
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["cat", "dog"])
      #expect(names(listed, in: folder) == samples)
      #expect(listed.samples.map(\.label) == [0, 0, 1])
    }
  }

  @Test func withoutLabelsEverythingIsRead() throws {
    try Fixture.withFolder { folder in
      let samples = ["a/b/c/1.png", "a/b/2.png", "z.png"]
      try Fixture.place("rgb8.png", at: samples.map { "\(folder)/\($0)" })
      let listed = try ImageFolder(path: folder, ignoresLabels: true)
      #expect(listed.classes.isEmpty && listed.samples.allSatisfy { $0.label == nil })
      #expect(names(listed, in: folder) == ["a/b/2.png", "a/b/c/1.png", "z.png"])
    }
  }

  @Test func flatFoldersHaveNoLabels() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/b.png", "\(folder)/a.jpg", "\(folder)/sub/readme.md"])
      try Data("words".utf8).write(to: URL(fileURLWithPath: "\(folder)/sub/readme.md"))
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes.isEmpty)
      #expect(names(listed, in: folder) == ["a.jpg", "b.png"])
    }
  }

  /// Phones put a picture beside the folders all the time: it is left out, and the folders are the classes.
  @Test func picturesBesideClassFoldersAreLeftOut() throws {
    try Fixture.withFolder { folder in
      let samples = ["a/1.png", "b/2.png", "IMG_1.png", "IMG_2"]
      try Fixture.place("rgb8.png", at: samples.map { "\(folder)/\($0)" })
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["a", "b"] && names(listed, in: folder) == ["a/1.png", "b/2.png"])
      #expect(listed.leftOut.count(.besideClasses) == 2 && listed.leftOut.count == 2)
      #expect(
        listed.warnings == [
          "\(folder): 2 entries are left out: 2 lie beside the class folders (\(folder)/IMG_1.png, \(folder)/IMG_2)"
        ])
    }
  }

  @Test func picturesAreToldByWhatTheyHold() throws {
    try Fixture.withFolder { folder in
      let samples = ["c/1.jfif", "c/2.jpe", "c/3.JPG", "c/4", "c/5.backup"]
      try Fixture.place("gray.jpg", at: samples.map { "\(folder)/\($0)" })
      try Fixture.place("fortran.npy", at: ["\(folder)/c/6.bin"])
      #expect(try names(ImageFolder(path: folder), in: folder) == samples + ["c/6.bin"])
    }
  }

  @Test func whatIsNotReadIsCountedAndNamed() throws {
    try Fixture.withFolder { folder in
      let litter = ["c/.DS_Store", "c/Thumbs.db", "c/._1.png", "c/@eaDir/1.png", "__MACOSX/c/1.png"]
      let hidden = ["c/.2.png", ".cache/3.png", "c/.nomedia"]
      try Fixture.place("rgb8.png", at: (["c/1.png"] + litter + hidden).map { "\(folder)/\($0)" })
      try Fixture.place("make.py", at: (1...5).map { "\(folder)/c/\($0).txt" } + ["\(folder)/list.csv"])
      try link("\(folder)/c/gone.png", to: "nowhere")
      try link("\(folder)/c/round.png", to: "round.png")
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["c"] && names(listed, in: folder) == ["c/1.png"])
      #expect(listed.leftOut.count(.noPicture) == 6 && listed.leftOut.count(.hidden) == 2)
      #expect(listed.leftOut.count(.brokenLink) == 2 && listed.leftOut.count(.system) == 6)
      #expect(listed.leftOut.count == 16 && listed.leftOut.missed == 10 && listed.remark == nil)
      let warning = try #require(listed.warnings.first)
      for part in [
        "16 entries are left out", "6 are no pictures (\(folder)/list.csv, \(folder)/c/1.txt, \(folder)/c/2.txt, …)",
        "2 are links that lead nowhere (\(folder)/c/gone.png, \(folder)/c/round.png)",
        "8 are hidden files or a system's own (\(folder)/.cache/, \(folder)/c/.2.png, \(folder)/__MACOSX/, …)",
      ] { #expect(warning.contains(part), "\(warning)") }
    }
  }

  /// What a Mac or a phone leaves everywhere is no warning, and one short line however many there are.
  @Test func aSystemsOwnFilesAreAWordAndNoWarning() throws {
    try Fixture.withFolder { folder in
      let litter = ["a/._1.png", "a/._2.png", "b/._1.png", "b/.DS_Store", ".DS_Store"]
      try Fixture.place("rgb8.png", at: (["a/1.png", "b/1.png"] + litter).map { "\(folder)/\($0)" })
      for listed in [try ImageFolder(path: folder), try ImageFolder(path: folder, ignoresLabels: true)] {
        #expect(listed.samples.count == 2 && listed.warnings.isEmpty)
        #expect(listed.remark == "\(folder): 5 hidden files or a system's own are left out (.DS_Store, ._*)")
        #expect(listed.leftOut.files.map(\.reason) == Array(repeating: .system, count: 5))
      }
      // Somebody's own hidden picture is a warning as ever.
      try Fixture.place("rgb8.png", at: ["\(folder)/a/.3.png"])
      let listed = try ImageFolder(path: folder)
      #expect(listed.remark == nil)
      #expect(
        listed.warnings == ["\(folder): 6 hidden files or a system's own are left out (.3.png, .DS_Store, ._*)"])
    }
  }

  @Test func everyFileIsListedUpToAThousandOfAKind() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/a/1.png"])
      for number in 0..<1003 { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/a/\(number).txt")) }
      let leftOut = try ImageFolder(path: folder).leftOut
      #expect(leftOut.count == 1003 && leftOut.files.count == 1000)
      #expect(leftOut.files.first == leftOut.files.first { $0.path == "\(folder)/a/0.txt" && $0.reason == .noPicture })
    }
  }

  @Test func emptyFoldersMakeNoClass() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["a/1.png", "b/1.png", "c/.DS_Store", "d/.gitkeep"].map { "\(folder)/\($0)" })
      for name in ["empty", "nested/2024/a"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["a", "b"] && listed.samples.map(\.label) == [0, 1])
      #expect(listed.folders == ["a", "b", "c", "d", "empty", "nested"])
      #expect(listed.warnings == ["\(folder): 4 folders are empty and make no class: 'c', 'd', 'empty', 'nested'"])
    }
  }

  @Test func aClassThatLosesAllItsPicturesIsAnError() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/a/1.png"])
      try FileManager.default.createDirectory(atPath: "\(folder)/b", withIntermediateDirectories: true)
      #expect(try ImageFolder(path: folder).classes == ["a"])
      for number in 1...4 { try link("\(folder)/b/\(number).png", to: "nowhere") }
      let error = failure { try ImageFolder(path: folder) }
      #expect(error?.kind == .malformed)
      #expect(error?.message.contains("class folder 'b' holds no picture: 4 are links that lead nowhere") == true)
      #expect(try ImageFolder(path: folder, ignoresLabels: true).samples.count == 1)
    }
  }

  @Test func linksThatGoRoundComeToAnEnd() throws {
    try Fixture.withFolder { folder in
      try Fixture.place("rgb8.png", at: ["\(folder)/a/1.png", "\(folder)/a/x/2.png"])
      try link("\(folder)/a/x/up", to: "..")
      try link("\(folder)/a/top", to: "..")
      // Every folder leads to the next one twice: read once each, not two to the power of forty times.
      for number in 0..<40 {
        try FileManager.default.createDirectory(atPath: "\(folder)/a/d\(number)", withIntermediateDirectories: true)
        for name in ["l", "r"] { try link("\(folder)/a/d\(number)/\(name)", to: "../d\(number + 1)") }
      }
      let listed = try ImageFolder(path: folder)
      #expect(names(listed, in: folder) == ["a/1.png", "a/x/2.png"])
      #expect(listed.leftOut.count(.folderAgain) > 2 && listed.leftOut.count(.folderAgain) < 200)
    }
  }

  @Test func namesNeedNotBeText() throws {
    try Fixture.withFolder { folder in
      // café and photo-ö.png in Latin-1.
      let name = Array(folder.utf8) + Array("/caf".utf8) + [0xe9]
      let file = name + Array("/photo-".utf8) + [0xf6] + Array(".png".utf8)
      #expect((name.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { mkdir($0.baseAddress!, 0o755) } == 0)
      let stream = (file.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { fopen($0.baseAddress!, "w") }
      let bytes = try Fixture.bytes("rgb8.png")
      #expect(fwrite(bytes, 1, bytes.count, try #require(stream)) == bytes.count)
      fclose(try #require(stream))
      let listed = try ImageFolder(path: folder)
      #expect(listed.classes == ["caf\\xE9"])
      #expect(names(listed, in: folder) == ["caf\\xE9/photo-\\xF6.png"])
      let format = try SampleFormat(channels: 3, height: 2, width: 2, preprocessing: .unit)
      let data = try Dataset(path: folder, format: format)
      #expect(try data.sample(0).tensor.shape.dimensions == [1, 3, 2, 2])
      #expect(try data.sample(0).name.hasSuffix("caf\\xE9/photo-\\xF6.png"))
    }
  }

  @Test func emptyAndMissingFolders() throws {
    try Fixture.withFolder { folder in
      #expect(failure { try ImageFolder(path: folder) }?.kind == .malformed)
      #expect(failure { try ImageFolder(path: folder + "/absent") }?.kind == .unreadable)
      let format = try SampleFormat(channels: 3, height: 2, width: 2, preprocessing: .unit)
      #expect(failure { try Dataset(path: folder + "/absent", format: format) }?.kind == .unreadable)
      try Fixture.place("make.py", at: ["\(folder)/a.txt"])
      #expect(failure { try ImageFolder(path: folder) }?.message.contains("1 is no picture") == true)
    }
  }
}
