import Foundation
import PexBundle
import PexTensor
import Testing

@Suite struct AtomicFileTests {
  private func write(_ text: String, to path: String, overwriting: Bool = false) throws {
    try AtomicFile.write(to: path, overwriting: overwriting) { file in
      try Array(text.utf8).withUnsafeBytes { try file.write($0) }
    }
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func writesAndReplacesOnlyWhenTold() throws {
    try withFolder { folder in
      let path = folder + "/a.pex"
      try write("one", to: path)
      let error = failure { try write("two", to: path) }
      #expect(error?.kind == .cannotCreate && error?.hint?.contains("--force") == true)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
      chmod(path, 0o600)
      try write("two", to: path, overwriting: true)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(try names(folder) == ["a.pex"])
    }
  }

  @Test func afterAFailureTheOldFileIsThereAndNothingElse() throws {
    try withFolder { folder in
      let path = folder + "/a.pex"
      try write("old", to: path)
      let error = failure {
        try AtomicFile.write(to: path, overwriting: true) { file in
          try [UInt8](repeating: 1, count: 1000).withUnsafeBytes { try file.write($0) }
          throw PexError(.inputOutput, "no space")
        }
      }
      #expect(error?.kind == .inputOutput)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
      #expect(try names(folder) == ["a.pex"])
    }
  }

  @Test func aFullDeviceIsAnError() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let sink = AtomicFile.Sink(descriptor: descriptor, path: "full.pex")
    let error = failure { try [1, 2, 3].withUnsafeBytes { try sink.write($0) } }
    #expect(error?.kind == .inputOutput && error?.message.hasPrefix("full.pex: ") == true)
  }

  @Test func foldersThatTakeNoFile() throws {
    try withFolder { folder in
      try write("a file", to: folder + "/file")
      #expect(failure { try write("x", to: folder + "/file/a.pex") }?.kind == .cannotCreate)
      #expect(failure { try write("x", to: folder + "/missing/a.pex") }?.kind == .cannotCreate)
      #expect(failure { try write("x", to: folder, overwriting: true) }?.kind == .cannotCreate)
      #expect(failure { try write("x", to: "/dev/null", overwriting: true) }?.kind == .cannotCreate)
    }
  }

  @Test func aReadOnlyFolderTakesNoFile() throws {
    // Root may write everywhere, so the folder has to be one that nobody may write to.
    #expect(failure { try write("x", to: "/proc/a.pex") }?.kind == .cannotCreate)
  }

  // In a process of its own: an interruption takes away every temporary file of the process, those of the tests that
  // run at the same time among them.
  @Test func anInterruptionRemovesTheTemporaryFile() async {
    await #expect(processExitsWith: .success) {
      try withFolder { folder in
        var seen: [Int] = []
        let error = failure {
          try AtomicFile.write(to: folder + "/a.pex", overwriting: false) { _ in
            seen.append(try FileManager.default.contentsOfDirectory(atPath: folder).count)
            AtomicFile.removeTemporaries()
            seen.append(try FileManager.default.contentsOfDirectory(atPath: folder).count)
          }
        }
        #expect(seen == [1, 0])
        #expect(error?.kind == .cannotCreate)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(left.isEmpty)
      }
    }
  }
}
