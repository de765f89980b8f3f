import Foundation
import Testing

/// The device side is small.
@Suite struct LinkingTests {
  private func libraries(_ program: Program) throws -> String {
    let outcome = try RunningProgram("/usr/bin/ldd", [try program.path()]).finish()
    #expect(outcome.status == 0)
    #expect(outcome.stdout.contains("libc.so"))
    return outcome.stdout
  }

  @Test(arguments: [Program.pexrun, .pextrain, .pexeval])
  func whatRunsAndTrainsReadsNoModels(_ program: Program) throws {
    let found = try libraries(program)
    #expect(!found.contains("protobuf-c") && !found.contains("hdf5"))
  }

  @Test(arguments: [Program.pexconvert, .pexinfo]) func whatHasKerasFilesReadLinksNoHDF5(_ program: Program) throws {
    #expect(try !libraries(program).contains("hdf5"))
  }

  /// What draws PNG and PDF is a program of its own.
  @Test(arguments: Program.allCases) func nothingDrawsInItself(_ program: Program) throws {
    let found = try libraries(program)
    for library in ["rsvg", "cairo", "pango", "glib"] { #expect(!found.contains(library)) }
  }

  /// Else the tests above would say nothing.
  @Test func whatReadsModelsDoes() throws {
    #expect(try libraries(.pexconvert).contains("protobuf-c"))
    #expect(try libraries(.pexkeras).contains("hdf5"))
  }
}
