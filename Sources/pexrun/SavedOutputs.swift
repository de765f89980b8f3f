import Foundation
import PexBundle
import PexConsole
import PexGraph
import PexRuntime
import PexTensor

/// Collects what samples computed, and writes it as arrays with a list of them.
struct SavedOutputs {
  private struct Output {
    let name: String
    let exit: Int?
    var rows: [Tensor] = []
    var samples: [Int] = []
  }

  /// Outputs that are the same for every sample of a batch.
  private let common: Set<String>
  /// Where the batch lies in the source's outputs, where that is not in front.
  private let batchAxes: [String: Int]
  private var outputs: [Output] = []
  private var count = 0

  /// What samples of a model compute.
  init(_ graph: Graph) {
    common = Set(graph.outputs.filter { !graph[$0].type.hasBatch }.map { graph[$0].name })
    let axes = zip(graph.outputs, graph.batchAxes).filter { $1 != 0 }
    batchAxes = Dictionary(axes.map { (graph[$0].name, $1) }, uniquingKeysWith: { $1 })
  }

  /// Checks early that a folder may be written to.
  /// - Throws: ``PexError`` (cannotCreate) when it is a file, or holds outputs that are not to be overwritten.
  static func check(_ folder: String?, force: Bool) throws {
    guard let folder else { return }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), !isFolder.boolValue {
      throw PexError(.cannotCreate, "\(folder): expected a folder, found a file")
    }
    guard force || !FileManager.default.fileExists(atPath: folder + "/outputs.json") else {
      throw PexError(.cannotCreate, "\(folder)/outputs.json: is there already", hint: "--force overwrites it")
    }
  }

  /// Adds everything that one sample computed: exits' logits as `exitK`, the source's outputs under their names.
  mutating func add(_ answer: Answer) throws {
    for computed in answer.computed {
      guard case .exit(let exit) = computed.exit else { continue }
      append("exit\(exit)", exit: exit, try Tensor([1, computed.logits.count], computed.logits))
    }
    for output in answer.outputs { append(output.name, exit: nil, output.tensor) }
    count += 1
  }

  private mutating func append(_ name: String, exit: Int?, _ row: Tensor) {
    let index = outputs.firstIndex { $0.name == name && $0.exit == exit } ?? outputs.count
    if index == outputs.count { outputs.append(Output(name: name, exit: exit)) }
    outputs[index].rows.append(row)
    outputs[index].samples.append(count)
  }

  /// Writes the arrays and `outputs.json`, that one last. An output that only some samples computed lists which.
  func write(to folder: String, overwriting: Bool) throws {
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw PexError(.cannotCreate, "\(folder): cannot be created")
    }
    var files: Set<String> = []
    var list: [JSON] = []
    for output in outputs {
      let file = fileName(output.name, taken: &files)
      let isCommon = output.exit == nil && common.contains(output.name)
      var tensor = try stacked(isCommon ? Array(output.rows.prefix(1)) : output.rows)
      if output.exit == nil, let axis = batchAxes[output.name] { tensor = try turned(tensor, batchTo: axis) }
      try write(Npy.encode(tensor), "\(folder)/\(file)", overwriting)
      var members: [(key: String, value: JSON)] = [
        ("name", .string(output.name)), ("file", .string(file)),
        ("shape", .array(tensor.shape.dimensions.map(JSON.integer))),
        ("dtype", .string(tensor.dtype == .int64 ? "int64" : "float32")),
        ("exit", .optional(output.exit, JSON.integer)),
      ]
      if !isCommon, output.samples.count < count {
        members.append(("samples", .array(output.samples.map(JSON.integer))))
      }
      list.append(.object(members))
    }
    let json = JSON.report(["outputs": .array(list)]).text + "\n"
    try write(Array(json.utf8), "\(folder)/outputs.json", overwriting)
  }

  /// Rows of one sample each as one batch.
  private func stacked(_ rows: [Tensor]) throws -> Tensor {
    guard rows.count > 1, let first = rows.first, first.shape.dimensions.first == 1 else {
      return try rows.first ?? Tensor([0], [Float]())
    }
    let extents = [rows.count] + first.shape.dimensions.dropFirst()
    guard first.dtype.isFloat else { return try Tensor(extents, rows.flatMap { $0.integers ?? [] }.map(Int64.init)) }
    return try Tensor(extents, rows.flatMap(\.floats))
  }

  /// The batch put where the source has it.
  private func turned(_ tensor: Tensor, batchTo axis: Int) throws -> Tensor {
    let extents = tensor.shape.dimensions
    let (count, outer) = (extents[0], extents[1...axis].reduce(1, *))
    let inner = extents.dropFirst(axis + 1).reduce(1, *)
    func order<Number>(_ numbers: [Number]) -> [Number] {
      (0..<outer * count).flatMap { place in
        let start = (place % count * outer + place / count) * inner
        return numbers[start..<start + inner]
      }
    }
    let target = Array(extents[1...axis]) + [count] + extents.dropFirst(axis + 1)
    guard tensor.dtype.isFloat else { return try Tensor(target, order(tensor.integers ?? []).map(Int64.init)) }
    return try Tensor(target, order(tensor.floats))
  }

  /// The output's name as far as file systems take it, with a number behind it where that is taken.
  private func fileName(_ name: String, taken: inout Set<String>) -> String {
    let safe = String(
      name.prefix(100).map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) ? $0 : "_" })
    var file = "\(safe).npy"
    var number = 1
    while !taken.insert(file.lowercased()).inserted {
      file = "\(safe)_\(number).npy"
      number += 1
    }
    return file
  }

  private func write(_ bytes: [UInt8], _ path: String, _ overwriting: Bool) throws {
    try AtomicFile.write(to: path, overwriting: overwriting) { sink in
      try bytes.withUnsafeBytes { try sink.write($0) }
    }
  }
}
