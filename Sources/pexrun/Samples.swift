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
  /// What fills the inputs beside that of the files: for each of them its place and an array for every file, or one for all.
  private let others: [(place: Int, rows: [Tensor])]
  /// What samples of arrays are called: the first input's file.
  private let arrayName: String

  /// What the user should know, one line each: files of folders that are no samples, and arrays for inputs that the bundle does
  /// not have, while all that it has are filled.
  let warnings: [String]
  /// What the user may like to know of folders, one line each.
  let remarks: [String]
  /// What folders hold that is not read.
  let leftOut: [LeftOutFiles]

  /// Finds everything, but decodes no picture yet.
  /// - Throws: ``PexError``: (usage) for inputs that do not go together, (unreadable) for files that are missing.
  init(_ session: Session, files: [String], arrays: [String], pixelLimit: Int) throws {
    self.session = session
    guard files.count(where: { $0 == "-" }) <= 1 else {
      throw PexError(.usage, "'-' is given twice: there is one standard input")
    }
    let found = try files.map(Self.expand)
    self.files = found.flatMap(\.files)
    let graph = session.model.bundle.graph
    let (given, strangers) = try Self.read(arrays, session)
    if files.isEmpty {
      if let stranger = strangers.first, given.count < graph.inputs.count { throw Self.unknown(stranger, session) }
      self.arrays = arrays.isEmpty ? [] : try session.samples(of: try Self.all(given, session))
      others = []
    } else {
      self.arrays = []
      others = try Self.others(given, session, files: self.files.count)
    }
    let onlyArrays = self.files.allSatisfy { $0.description.lowercased().hasSuffix(".npy") }
    var format: SampleFormat?
    if !files.isEmpty {
      do { format = try session.model.bundle.contents.sampleFormat(besideOthers: true) } catch {
        guard onlyArrays, graph.inputs.count == 1 else { throw error }
      }
    }
    format?.pixelLimit = pixelLimit
    self.format = format
    let isComplete = files.isEmpty ? given.count == graph.inputs.count : others.count == graph.inputs.count - 1
    if let stranger = strangers.first, !isComplete { throw Self.unknown(stranger, session) }
    guard files.isEmpty || isComplete else { throw Self.missing(given, session) }
    warnings =
      found.flatMap { $0.folder?.warnings ?? [] }
      + strangers.map { "--input \($0): the bundle has no such input, so the array is ignored" }
    remarks = found.compactMap { $0.folder?.remark }
    leftOut = found.compactMap { $0.folder?.leftOut }
    arrayName = arrays.first.map { String($0.drop { $0 != "=" }.dropFirst()) } ?? ""
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
      for ((number, file), result) in zip(zip(next.indices, next), read) {
        var samples: [[Tensor]] = []
        let called = file.description
        try failed.attempt(called, forgiving: [.malformed, .unreadable, .notFinite]) {
          samples = try result.get().map { beside($0, of: number) }
        }
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
    if let file = files.first, let sample = try load(file).first { return beside(sample, of: 0) }
    return try session.model.syntheticSample()
  }

  /// A file's sample with what fills the other inputs.
  private func beside(_ sample: Tensor, of file: Int) -> [Tensor] {
    var inputs = [sample]
    for other in others { inputs.insert(other.rows[other.rows.count == 1 ? 0 : file], at: other.place) }
    return inputs
  }

  /// The samples of a file: pictures hold one, arrays of floats may hold a batch.
  private func load(_ input: Input) throws -> [Tensor] {
    let graph = session.model.bundle.graph
    // Arrays fill the only input, whatever it is.
    guard let place = graph.pictureInput ?? graph.inputs.first else { return [] }
    switch input {
    case .standardInput:
      return [try Self.require(format).sample(in: try StandardInput.bytes(), name: input.description)]
    case .file(let path):
      if input.description.lowercased().hasSuffix(".npy") {
        let tensor = try Npy.read(path: path.description)
        if tensor.dtype.isFloat, tensor.shape.rank == graph[place.value].type.rank {
          return try naming(path.description) { try session.rows(of: tensor, for: place) }
        }
      }
      return [try Self.require(format).load(path)]
    }
  }

  /// - Throws: ``PexError`` (malformed) where an array is of another rank than the input that it is for.
  private static func require(_ format: SampleFormat?) throws -> SampleFormat {
    guard let format else {
      throw PexError(.malformed, "the array does not fit the model's input", hint: "pexinfo shows the input's shape")
    }
    return format
  }

  private static func expand(_ path: String) throws -> (files: [Input], folder: ImageFolder?) {
    guard path != "-" else { return ([.standardInput], nil) }
    guard try FileKind(path) == .folder else { return ([.file(SamplePath(argument: path))], nil) }
    let folder = try ImageFolder(path: path, ignoresLabels: true)
    return (folder.samples.map { .file($0.path) }, folder)
  }

  /// Arrays by the name of their input, and what names none.
  private static func read(
    _ arrays: [String], _ session: Session
  ) throws -> (found: [String: Tensor], strangers: [String]) {
    let graph = session.model.bundle.graph
    let names = graph.inputs.map { graph[$0.value].name }
    var (found, strangers): ([String: Tensor], [String]) = ([:], [])
    for array in arrays {
      // The longest name that fits wins, so names and files may hold '='.
      let name = names.filter { array.hasPrefix($0 + "=") }.max { $0.count < $1.count }
      guard let name else {
        strangers.append(array)
        continue
      }
      guard found[name] == nil else { throw PexError(.usage, "--input \(name) is given twice") }
      found[name] = try Npy.read(path: String(array.dropFirst(name.count + 1)))
    }
    return (found, strangers)
  }

  private static func unknown(_ array: String, _ session: Session) -> PexError {
    let graph = session.model.bundle.graph
    return PexError(
      .usage, "--input \(array): expected NAME=FILE.npy with the name of an input",
      hint: "the inputs are \(graph.inputs.map { graph[$0.value].name }.joined(separator: ", "))")
  }

  /// Arrays for all inputs, in their order.
  private static func all(_ given: [String: Tensor], _ session: Session) throws -> [Tensor] {
    let graph = session.model.bundle.graph
    return try graph.inputs.map { input in
      guard let tensor = given[graph[input.value].name] else { throw missing(given, session) }
      return tensor
    }
  }

  /// Arrays for the inputs beside that of pictures.
  private static func others(
    _ given: [String: Tensor], _ session: Session, files: Int
  ) throws -> [(place: Int, rows: [Tensor])] {
    let graph = session.model.bundle.graph
    return try graph.inputs.enumerated().compactMap { place, input in
      let name = graph[input.value].name
      guard let tensor = given[name] else { return nil }
      guard input != graph.pictureInput else {
        throw PexError(.usage, "--input \(name): files fill this input", hint: "leave the files out or the array")
      }
      let rows = try naming("input '\(name)'") { try session.rows(of: tensor, for: input) }
      guard rows.count == 1 || rows.count == files else {
        throw PexError(
          .usage, "--input \(name): \(rows.count) samples for \(files) files: expected one for all, or one a file")
      }
      return (place, rows)
    }
  }

  private static func missing(_ given: [String: Tensor], _ session: Session) -> PexError {
    let graph = session.model.bundle.graph
    let picture = graph.pictureInput.map { graph[$0.value].name }
    let names = graph.inputs.map { graph[$0.value].name }.filter { given[$0] == nil }
    // Where files are given they fill the input of pictures.
    let name = names.first { $0 != picture } ?? names.first ?? ""
    return PexError(
      .usage, "input '\(name)' is not given",
      hint: "--input '\(name)=FILE.npy' gives it; pexconvert --input '\(name)=VALUE' fixes it once and for all")
  }
}
