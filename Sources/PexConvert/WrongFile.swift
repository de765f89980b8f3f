import PexTensor
import PexZip

/// Files that people take for models that pex reads, known by their first bytes, with what to do about each.
enum WrongFile {
  /// What a file is, and the next step.
  struct Finding: Hashable {
    /// Completes the sentence "the file …".
    let what: String
    let hint: String

    /// As an error about the file at a path.
    func error(_ path: String, _ kind: PexError.Kind = .malformed) -> PexError {
      PexError(kind, "\(path): \(what)", hint: hint)
    }
  }

  private static let exportToONNX = "export it to ONNX, and convert that file"

  /// What a file without a signature of pex's own kinds is; nil when nothing is known of it.
  static func finding(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    guard !bytes.isEmpty else { return Finding(what: "is empty", hint: "fetch or export it again") }
    return text(bytes) ?? archive(bytes) ?? network(bytes) ?? data(bytes)
  }

  /// What a zip file holds that is no Keras model; nil when it may be one.
  static func zipFinding(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    guard let names = try? ZipArchive(bytes).names(limit: 4096), !names.isEmpty else { return nil }
    func has(_ suffixes: String...) -> Bool { names.contains { name in suffixes.contains { name.hasSuffix($0) } } }
    if has("config.json"), has("model.weights.h5") { return nil }
    if names.contains(where: { $0.hasSuffix("archive_format") || $0.hasSuffix("serialized_exported_program.json") }) {
      return Finding(
        what: "is a program of torch.export (.pt2)",
        hint: "export the same model to ONNX: torch.onnx.export(model, args, 'model.onnx', dynamo=True)")
    }
    if has("data.pkl") {
      return has("constants.pkl") && names.contains { $0.contains("/code/") }
        ? Finding(
          what: "is a TorchScript model",
          hint: "export it to ONNX in torch: torch.onnx.export(model, args, 'model.onnx')")
        : torch
    }
    if has("saved_model.pb") {
      return Finding(what: "is a zip file with a TensorFlow SavedModel", hint: "unpack it; " + savedModelHint)
    }
    if let model = names.first(where: { $0.hasSuffix(".onnx") }) {
      return Finding(what: "is a zip file with the model '\(model)'", hint: "unpack it, and convert that file")
    }
    if has(".mlmodel") { return Finding(what: "is a zip file with a Core ML model", hint: coreMLHint) }
    if names.allSatisfy({ $0.hasSuffix(".npy") }) {
      return Finding(
        what: "holds arrays (.npz), no model", hint: "arrays go to pexrun, pextrain and pexeval, with a bundle")
    }
    return Finding(
      what: "is a zip file, but no Keras model: expected 'config.json' and 'model.weights.h5' in it",
      hint: "if a model is in it, unpack it and convert that file")
  }

  private static let torch = Finding(
    what: "holds weights as torch saves them (.pt, .pth), and not the network that they are for",
    hint: "load them into the model in torch, and export it: torch.onnx.export(model, args, 'model.onnx')")
  private static let savedModelHint =
    "python -m tf2onnx.convert --saved-model FOLDER --output model.onnx, or model.save('model.keras') in Keras"
  private static let coreMLHint = "convert the model that it was made from: ONNX, or Keras"

  /// What a folder in the place of a model is.
  /// - Parameter names: what the folder holds.
  static func folderFinding(_ names: [String]) -> Finding? {
    if names.contains("saved_model.pb") || names.contains("saved_model.pbtxt") {
      return Finding(what: "is a TensorFlow SavedModel", hint: savedModelHint)
    }
    if names.contains("Manifest.json"), names.contains("Data") {
      return Finding(what: "is a Core ML package", hint: coreMLHint)
    }
    if names.contains("config.json"), names.contains("model.weights.h5") {
      return Finding(what: "is an unpacked Keras model", hint: "pack its files again: zip -r model.keras .")
    }
    let models = names.filter { name in [".onnx", ".keras", ".h5", ".hdf5"].contains { name.hasSuffix($0) } }.sorted()
    if let first = models.first {
      return Finding(what: "is a folder, expected a file", hint: "name the model in it, as \(first)")
    }
    return Finding(what: "is a folder, expected a file", hint: "models are .onnx, .h5, .hdf5, .keras or .pex files")
  }
}

extension WrongFile {
  /// Text in the place of a model.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    // A mark of UTF-8 and blanks in front mean nothing.
    let head = String(decoding: bytes.prefix(4096), as: UTF8.self).drop { $0 == "\u{feff}" || $0.isWhitespace }
    let small = head.prefix(512).lowercased()
    if small.hasPrefix("version https://git-lfs.github.com/spec/") {
      return Finding(
        what: "is a pointer of git-lfs: the model itself was not fetched",
        hint: "run 'git lfs pull' in the repository, or download the file with its web page's download link")
    }
    if small.hasPrefix("<!doctype html") || small.hasPrefix("<html") || small.hasPrefix("<head") {
      return Finding(
        what: "is a web page, not a model", hint: "download the file itself: a link to a page about it was followed")
    }
    if small.hasPrefix("<?xml") || small.hasPrefix("<net ") {
      return head.contains("<net ")
        ? Finding(what: "is a model of OpenVINO (IR)", hint: "convert the model that it was made from: ONNX, or Keras")
        : Finding(what: "is XML, not a model", hint: "if it is a server's message, download the file again")
    }
    if small.hasPrefix("{") || small.hasPrefix("[") { return json(head) }
    if small.hasPrefix("7767517") { return Finding(what: "is a model of ncnn", hint: coreMLHint) }
    if small.hasPrefix("layer {") || small.hasPrefix("name:") || small.hasPrefix("input:") {
      return Finding(what: "is a description of a Caffe network", hint: exportToONNX)
    }
    if small.hasPrefix("[net]") { return Finding(what: "is a configuration of Darknet", hint: exportToONNX) }
    return nil
  }

  private static func json(_ head: Substring) -> Finding {
    if head.contains("\"weightsManifest\"") || head.contains("\"layers-model\"") || head.contains("\"graph-model\"") {
      return Finding(what: "is a model of TensorFlow.js", hint: "convert the model that it was made from")
    }
    if head.contains("\"class_name\"") {
      return Finding(
        what: "is the architecture of a Keras model alone, without weights",
        hint:
          "name the file with the weights, and this one with --architecture: pexconvert WEIGHTS.h5 --architecture FILE.json"
      )
    }
    return Finding(what: "is JSON, not a model", hint: "models are .onnx, .h5, .hdf5, .keras or .pex files")
  }

  /// Packed files.
  private static func archive(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    let packers: [(signature: [UInt8], name: String, command: String)] = [
      ([0x1f, 0x8b], "gzip", "gunzip"), ([0x42, 0x5a, 0x68], "bzip2", "bunzip2"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz", "unxz"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"),
      ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "7-Zip", "7z x"),
      ([0x52, 0x61, 0x72, 0x21, 0x1a, 0x07], "RAR", "unrar x"),
    ]
    if let packer = packers.first(where: { bytes.starts(with: $0.signature) }) {
      return Finding(
        what: "is packed by \(packer.name)", hint: "unpack it with '\(packer.command)', and convert what is in it")
    }
    if has("ustar", at: 257, bytes) {
      return Finding(what: "is a tar archive", hint: "unpack it with 'tar xf', and convert the model in it")
    }
    return nil
  }

  /// Networks in other forms.
  private static func network(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    if has("TFL3", at: 4, bytes) {
      return Finding(
        what: "is a TensorFlow Lite model",
        hint:
          "python -m tf2onnx.convert --tflite FILE.tflite --output model.onnx, or convert the model that it was made from"
      )
    }
    if has("ORTM", at: 4, bytes) {
      return Finding(
        what: "is a model in onnxruntime's own form (.ort)", hint: "convert the .onnx file that it was made from")
    }
    if isSafetensors(bytes) {
      return Finding(
        what: "holds weights alone (safetensors), and not the network that they are for",
        hint: "load them into the model in torch, and export it: torch.onnx.export(model, args, 'model.onnx')")
    }
    if has("GGUF", at: 0, bytes) {
      return Finding(what: "is a GGUF file, of a language model", hint: "pex is for networks that look at pictures")
    }
    // torch's magic number from before it wrote zip files, and any other pickle.
    if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return torch }
    return isCoreML(bytes)
      ? Finding(what: "is a Core ML model", hint: coreMLHint)
      : isTensorFlow(bytes)
        ? Finding(
          what: "is a frozen TensorFlow graph",
          hint: "python -m tf2onnx.convert --graphdef FILE.pb --inputs NAME:0 --outputs NAME:0 --output model.onnx")
        : nil
  }

  /// Arrays and pictures.
  private static func data(_ bytes: UnsafeRawBufferPointer) -> Finding? {
    let isPicture = has("PNG\r\n", at: 1, bytes) || bytes.starts(with: [0xff, 0xd8, 0xff])
    if isPicture || has("\u{93}NUMPY", at: 0, bytes) || bytes.starts(with: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) {
      return Finding(
        what: isPicture ? "is a picture, not a model" : "is an array (.npy), not a model",
        hint: "the model comes first; pexrun BUNDLE.pex FILE runs a bundle on it")
    }
    return nil
  }

  private static func has(_ word: String, at place: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= place + word.utf8.count && bytes[place...].starts(with: word.utf8)
  }

  /// A header's length in eight bytes, and JSON of that length behind it.
  private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "{") else { return false }
    let length = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
    return length >= 2 && length <= UInt64(bytes.count - 8) && bytes[9...].prefix(64).contains(UInt8(ascii: "\""))
  }

  /// Fields of a message at the top: Core ML's model has its kind under a number from 200 on, which ONNX has none of.
  private static func isCoreML(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var walk = FieldWalk(bytes)
    guard walk.next()?.number == 1 else { return false }
    while let field = walk.next() { if (200...600).contains(field.number) { return true } }
    return false
  }

  /// A graph of TensorFlow is a list of nodes: a name, and an operator such as this one.
  private static func isTensorFlow(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 4, bytes[0] == 0x0a else { return false }
    var walk = FieldWalk(bytes)
    guard let first = walk.next(), first.number == 1, let content = first.content else { return false }
    var inner = FieldWalk(UnsafeRawBufferPointer(rebasing: content))
    guard inner.next()?.number == 1, let op = inner.next(), op.number == 2, let name = op.content else { return false }
    return ["Placeholder", "Const", "VarHandleOp", "PlaceholderWithDefault", "NoOp"].contains(
      String(decoding: name, as: UTF8.self))
  }
}

/// Walks over the fields of a protobuf message, at most a few.
private struct FieldWalk {
  private let bytes: UnsafeRawBufferPointer
  private var place = 0
  private var left = 256

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next field; nil at the end, and where there is none.
  mutating func next() -> (number: Int, content: Slice<UnsafeRawBufferPointer>?)? {
    guard left > 0, let tag = varint(), let number = Int(exactly: tag >> 3), number > 0 else { return nil }
    left -= 1
    switch tag & 7 {
    case 0: return varint().map { _ in (number, nil) }
    case 1: return skip(8).map { _ in (number, nil) }
    case 2:
      guard let length = varint().flatMap({ Int(exactly: $0) }) else { return nil }
      return skip(length).map { (number, bytes[$0]) }
    case 5: return skip(4).map { _ in (number, nil) }
    default: return nil
    }
  }

  private mutating func skip(_ count: Int) -> Range<Int>? {
    guard count <= bytes.count - place else { return nil }
    defer { place += count }
    return place..<place + count
  }

  private mutating func varint() -> UInt64? {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while place < bytes.count, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
