import Foundation
import PexBundle
import PexTensor
import Testing

@Suite struct AtomicFolderTests {
  private func write(
    _ members: [(String, String)], to path: String, overwriting: Bool = false
  ) throws {
    let members = members.map { name, text in
      AtomicFolder.Member(name: name) { sink in
        guard text != "fails" else { throw PexError(.inputOutput, "no space") }
        try Array(text.utf8).withUnsafeBytes { try sink.write($0) }
      }
    }
    try AtomicFolder.write(to: path, overwriting: overwriting, mayGo: { $0.hasSuffix(".part") }, members)
  }

  /// Every file below with its text; folders have none.
  private func snapshot(_ folder: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      found[name] = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "folder"
    }
    return found
  }

  @Test func writesAndReplacesOnlyWhenTold() throws {
    try withFolder { folder in
      let path = folder + "/out"
      try write([("1.part", "one"), ("2.part", "two")], to: path)
      let first = ["out": "folder", "out/1.part": "one", "out/2.part": "two"]
      #expect(try snapshot(folder) == first)
      let error = failure { try write([("1.part", "new")], to: path) }
      #expect(error?.kind == .cannotCreate && error?.hint?.contains("--force") == true)
      #expect(try snapshot(folder) == first)
      try write([("1.part", "new")], to: path, overwriting: true)
      #expect(try snapshot(folder) == ["out": "folder", "out/1.part": "new"])
    }
  }

  @Test func afterAFailureTheOldFolderIsThereAndNothingElse() throws {
    try withFolder { folder in
      let path = folder + "/out"
      #expect(failure { try write([("1.part", "one"), ("2.part", "fails")], to: path) }?.kind == .inputOutput)
      #expect(try snapshot(folder).isEmpty)
      try write([("1.part", "one")], to: path)
      let before = try snapshot(folder)
      let error = #expect(throws: PexError.self) {
        try write([("1.part", "new"), ("2.part", "fails")], to: path, overwriting: true)
      }
      #expect(error?.kind == .inputOutput)
      #expect(try snapshot(folder) == before)
    }
  }

  /// Whoever names a folder of theirs by mistake loses nothing.
  @Test(arguments: ["letter.txt", "inner.part/x"]) func aFolderWithOtherFilesStays(_ name: String) throws {
    try withFolder { folder in
      let path = folder + "/out"
      let other = "\(path)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (other as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      #expect(FileManager.default.createFile(atPath: other, contents: Data("dear".utf8)))
      let before = try snapshot(folder)
      let error = failure { try write([("1.part", "new")], to: path, overwriting: true) }
      #expect(error?.kind == .cannotCreate && error?.message.contains("'\(name.prefix(10))") == true)
      #expect(try snapshot(folder) == before)
    }
  }

  @Test func placesThatTakeNoFolder() throws {
    try withFolder { folder in
      #expect(FileManager.default.createFile(atPath: folder + "/file", contents: Data("dear".utf8)))
      symlink(folder, folder + "/link")
      for name in ["file", "link", "file/out", "none/out"] {
        for overwriting in [false, true] {
          let error = failure { try write([("1.part", "x")], to: "\(folder)/\(name)", overwriting: overwriting) }
          #expect(error?.kind == .cannotCreate, "\(name)")
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(left == ["file", "link"])
    }
  }

  /// As many as a network with an exit at every point that the format allows.
  @Test func manyFiles() throws {
    try withFolder { folder in
      let members = (0..<600).map { ("\($0).part", "\($0)") }
      try write(members, to: folder + "/out")
      #expect(try snapshot(folder).count == 601)
    }
  }
}
