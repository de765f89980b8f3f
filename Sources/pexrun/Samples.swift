import PexData
import PexGraph
import PexRuntime
import PexTensor

/// Where a sample comes from.
private enum Input: CustomStringConvertible {
  case file(SamplePath)
  /// What `-` stands for.
  case standardInput

  var description: String {
    switch self {
    case .file(let path): path.description
    case .standardInput: "-"
    }
  }
}

/// What a run computes: files one after the other, or arrays by input name.
struct Samples {
  /// How many files a thread reads ahead.
  private static let filesPerThread = 4

  private let session: Session
  private let files: [Input]
  private let arrays: [[Tensor]]
  private let format: SampleFormat?
  /// What the user should know about folders, one line each.
  let warnings: [String]
  /// What samples of arrays are called: the first input's file.
  private let arrayName: String

  /// Finds everything, but decodes no picture yet.
  /// - Throws: ``PexError``: (usage) for inputs that do not go together, (unreadable) for files that are missing.
  init(_ session: Session, files: [String], arrays: [String], pixelLimit: Int) throws {
    self.session = session
    guard files.isEmpty || arrays.isEmpty else {
      throw PexError(.usage, "--input gives the inputs: files cannot be given as well")
    }
    guard files.count(where: { $0 == "-" }) <= 1 else {
      throw PexError(.usage, "'-' is given twice: there is one standard input")
    }
    let found = try files.map(Self.expand)
    self.files = found.flatMap(\.files)
    warnings = found.compactMap(\.warning)
    self.arrays = arrays.isEmpty ? [] : try session.samples(of: try Self.read(arrays, session))
    arrayName = arrays.first.map { String($0.drop { $0 != "=" }.dropFirst()) } ?? ""
    var format = files.isEmpty ? nil : try session.model.bundle.contents.sampleFormat()
    format?.pixelLimit = pixelLimit
    self.format = format
  }

  /// Whether there is more than one file, of which one can be damaged and the others answered.
  var hasSeveralFiles: Bool { files.count > 1 }

  /// Whether any file is a picture, by its name.
  var hasPictures: Bool { files.contains { !$0.description.lowercased().hasSuffix(".npy") } }

  /// Calls `body` with every sample and its name. Files that cannot be read, and samples of which the network makes nothing
  /// finite, go to `failed`.
  /// - Throws: ``PexError`` as `failed` lets through, and what `body` throws otherwise.
  func visit(_ failed: inout FailedInputs, _ body: (String, [Tensor]) throws -> Void) throws {
    for (index, sample) in arrays.enumerated() { try body("\(arrayName)#\(index)", sample) }
    let pool = try ThreadPool(threads: session.threads)
    var (start, part) = (0, 1)
    while start < files.count {
      // Files are read on all threads in front of the network, which then has all threads for itself; the first answer comes
      // at once.
      let next = files[start..<min(start + part, files.count)]
      let read = try pool.results(next.count) { _, index in try load(files[start + index]) }
      for (file, result) in zip(next, read) {
        var samples: [[Tensor]] = []
        let called = file.description
        try failed.attempt(called, forgiving: [.malformed, .unreadable, .notFinite]) { samples = try result.get() }
        for (index, sample) in samples.enumerated() {
          let name = samples.count == 1 ? called : "\(called)#\(index)"
          // Anything else that is malformed now is the bundle.
          try failed.attempt(name, forgiving: [.notFinite]) { try body(name, sample) }
        }
      }
      start = next.endIndex
      part = min(2 * part, Self.filesPerThread * pool.threads)
    }
  }

  /// The first sample; synthetic numbers when nothing was given.
  func first() throws -> [Tensor] {
    if let sample = arrays.first { return sample }
    if let file = files.first, let sample = try load(file).first { return sample }
    return try session.model.syntheticSample()
  }

  /// The samples of a file: pictures hold one, arrays of floats may hold a batch.
  private func load(_ input: Input) throws -> [[Tensor]] {
    guard let format else { return [] }
    switch input {
    case .standardInput: return [[try format.sample(in: try StandardInput.bytes(), name: input.description)]]
    case .file(let path):
      if input.description.lowercased().hasSuffix(".npy") {
        let tensor = try Npy.read(path: path.description)
        let rank = session.model.bundle.graph.inputs.first.map { session.model.bundle.graph[$0.value].type.rank }
        if tensor.dtype.isFloat, tensor.shape.rank == rank {
          return try naming(path.description) { try session.samples(of: [tensor]) }
        }
      }
      return [[try format.load(path)]]
    }
  }

  private static func expand(_ path: String) throws -> (files: [Input], warning: String?) {
    guard path != "-" else { return ([.standardInput], nil) }
    guard try FileKind(path) == .folder else { return ([.file(SamplePath(argument: path))], nil) }
    let folder = try ImageFolder(path: path, ignoresLabels: true)
    return (folder.samples.map { .file($0.path) }, folder.warning)
  }

  private static func read(_ arrays: [String], _ session: Session) throws -> [Tensor] {
    let graph = session.model.bundle.graph
    let names = graph.inputs.map { graph[$0.value].name }
    var paths: [String: String] = [:]
    for array in arrays {
      // The longest name that fits wins, so names and files may hold '='.
      let name = names.filter { array.hasPrefix($0 + "=") }.max { $0.count < $1.count }
      guard let name else {
        throw PexError(
          .usage, "--input \(array): expected NAME=FILE.npy with the name of an input",
          hint: "the inputs are \(names.joined(separator: ", "))")
      }
      guard paths.updateValue(String(array.dropFirst(name.count + 1)), forKey: name) == nil else {
        throw PexError(.usage, "--input \(name) is given twice")
      }
    }
    return try names.map { name in
      guard let path = paths[name] else { throw PexError(.usage, "input '\(name)' is not given") }
      return try Npy.read(path: path)
    }
  }
}
