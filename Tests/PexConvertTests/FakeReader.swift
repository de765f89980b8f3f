import Foundation
import PexBundle
import PexConvert
import PexGraph
import PexTensor
import Testing

/// A shell script in the place of `pexkeras`, with a model that it is to read and a bundle that it may hand over.
final class FakeReader {
  /// Everything that a test leaves is in here.
  let folder: String
  /// A file that looks like HDF5's.
  let model: String
  /// The bundle's bytes.
  let bundle: [UInt8]
  /// The reader to test.
  var reader: KerasReader
  /// What processes of this script are called; the system shows no more than fifteen letters.
  private let name = "fake" + String(UInt32.random(in: 0 ... .max), radix: 36)

  /// A report as a reader writes it.
  static let line = """
    {"format":1,"operatorCounts":[{"count":1,"op":"Dense"}],"producer":"keras 3.0.0","warnings":["a warning"]}
    """

  /// What the bundle holds.
  static func graph() throws -> Graph {
    try Graph.parse(
      """
      input %x: f32[N,3,4,4] nhwc
      constant %w: f32[5,3,3,3] = random 1
      constant %v: f32[2,5] = random 2
      %c = convolution(%x, %w) {kernel=[3,3], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}
      %g = global_pooling(%c) {kind=average}
      %f = reshape(%g) {shape=[N,5]}
      %y = linear(%f, %v)
      output %y
      classifier %y logits %y
      """)
  }

  /// - Parameter script: lines of shell. `$bundle` is a file with the bundle, `$line` one with the report.
  init(_ script: String) throws {
    folder = NSTemporaryDirectory() + "/pex-reader-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder + "/temporary", withIntermediateDirectories: true)
    model = folder + "/model.h5"
    bundle = try BundleContents(trunk: Trunk(Self.graph()), producer: "keras").encoded()
    reader = KerasReader(program: folder + "/" + name)
    reader.temporaryFolder = folder + "/temporary"
    reader.timeout = .seconds(60)
    try Data([0x89] + Array("HDF\r\n".utf8) + [0x1a, 0x0a, 0, 0]).write(to: URL(fileURLWithPath: model))
    try Data(bundle).write(to: URL(fileURLWithPath: folder + "/bundle"))
    try Data((Self.line + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/line"))
    let text = "#!/bin/sh\nhere='\(folder)'; line=$here/line; bundle=$here/bundle\n\(script)\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/script"))
    // What this process writes itself may be open still in a process that another test starts at that moment, and is
    // "busy" then: a program cannot be started while somebody could write it.
    try #require(system("cp '\(folder)/script' '\(folder)/\(name)' && chmod 755 '\(folder)/\(name)'") == 0)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The text of a file that the script wrote.
  func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }

  /// Opens the model, and checks that nothing is left: no process, file or descriptor.
  func open(
    architecture: String? = nil, options: ImportOptions = ImportOptions(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> ModelSource {
    defer {
      // A shell that was ended leaves whatever it had just started, which ends as soon as it finds nobody to write to.
      let limit = ContinuousClock.now + .seconds(20)
      while processes != [], ContinuousClock.now < limit { usleep(1000) }
      #expect(processes == [], sourceLocation: sourceLocation)
      #expect(files == [], sourceLocation: sourceLocation)
      #expect(descriptors == [], sourceLocation: sourceLocation)
    }
    return try ModelSource.open(
      path: model, architecture: architecture, options: options, kerasReader: reader)
  }

  /// Why the model cannot be opened; nil when it can.
  func failure(sourceLocation: SourceLocation = #_sourceLocation) -> PexError? {
    do { _ = try open(sourceLocation: sourceLocation) } catch { return error as? PexError }
    return nil
  }

  /// Whether memory of this process is one of the reader's temporary files.
  var isMapped: Bool {
    let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    return maps?.contains(folder) ?? false
  }

  /// Processes of this script, those included that nobody waited for.
  private var processes: [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.filter { (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == name.prefix(15) + "\n" }
  }

  private var files: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder + "/temporary")) ?? ["the folder is gone"]
  }

  /// Descriptors of temporary files.
  private var descriptors: [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return all.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
      .filter { $0.hasPrefix(folder) }
  }
}
