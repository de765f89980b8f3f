import Foundation
import Testing

/// Files that ask for much more memory than they have bytes are refused before they get it.
@Suite(.serialized) struct MemoryTests {
  private typealias Message = ONNXModel.Message

  /// What the program takes for any file, and room for the structure of small models.
  private static let floor = 96 << 20

  /// Pieces of a graph that are repeated until the file has 16 MB.
  private static func graph(repeating piece: [UInt8], bytes: Int = 16 << 20) -> Data {
    let many = Data(Array(repeating: piece, count: bytes / piece.count).joined())
    return ONNXModel.model { graph in
      graph.data(1, ONNXModel.node("Relu", ["x"], ["y"], name: "sound"))
      graph.bytes += many
    }
  }

  /// A node with one field that is repeated.
  private static func node(repeating piece: [UInt8]) -> Data {
    let many = Data(Array(repeating: piece, count: (16 << 20) / piece.count).joined())
    return ONNXModel.model { $0.data(1, ONNXModel.node("Relu", ["x"], ["y"], name: "large") { $0.bytes += many }) }
  }

  @Test(
    arguments: [
      ("empty nodes", [0x0a, 0x00]), ("empty tensors", [0x2a, 0x00]),
      ("tensors of no bytes", [0x2a, 0x02, 0x4a, 0x00]),
      ("empty inputs", [0x5a, 0x00]), ("sparse tensors", [0x7a, 0x02, 0x0a, 0x00]),
      ("nodes with attributes", [0x0a, 0x02, 0x2a, 0x00]),
      ("nodes with graphs", [0x0a, 0x0a, 0x2a, 0x08, 0x32, 0x02, 0x0a, 0x00, 0xa0, 0x01, 0x05, 0x00]),
      ("tensors of rank 12", [0x2a, 0x0e, 0x0a, 0x0c, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ] as [(String, [UInt8])])
  func manySmallPieces(what: String, piece: [UInt8]) throws {
    try check(Self.graph(repeating: piece), what)
  }

  @Test(
    arguments: [
      ("names of inputs", [0x0a, 0x00]), ("names of outputs", [0x12, 0x00]), ("attributes", [0x2a, 0x00]),
      ("integers", [0x2a, 0x08, 0x42, 0x06, 1, 1, 1, 1, 1, 1]), ("strings", [0x2a, 0x04, 0x4a, 0x00, 0x4a, 0x00]),
    ] as [(String, [UInt8])])
  func oneNodeOfManyPieces(what: String, piece: [UInt8]) throws {
    try check(Self.node(repeating: piece), what)
  }

  @Test func longLists() throws {
    let list = Data(repeating: 1, count: 16 << 20)
    let attribute = ONNXModel.model { graph in
      graph.data(
        1,
        ONNXModel.node("Relu", ["x"], ["y"], name: "large") { node in
          node.message(5) {
            $0.string(1, "list")
            $0.data(8, list)
            $0.integer(20, 7)
          }
        })
    }
    try check(attribute, "integers of an attribute")
    let extents = ONNXModel.model { graph in
      graph.data(1, ONNXModel.node("Add", ["x", "w"], ["y"], name: "sum"))
      graph.data(5, ONNXModel.tensor("w", []) { $0.data(1, list) })
    }
    try check(extents, "extents of a tensor")
    let numbers = ONNXModel.model { graph in
      graph.data(1, ONNXModel.node("Add", ["x", "w"], ["y"], name: "sum"))
      graph.data(5, ONNXModel.tensor("w", [1 << 30]) { $0.data(5, list) })
    }
    try check(numbers, "packed integers")
  }

  @Test func functionsThatDouble() throws {
    let define = { (model: inout Message) in
      for index in 0..<40 {
        let (next, domain) = index == 39 ? ("Relu", "") : ("F\(index + 1)", "mine")
        model.message(25) { function in
          function.string(1, "F\(index)")
          function.string(4, "a")
          function.string(5, "b")
          function.data(7, ONNXModel.node(next, ["a"], ["m"], name: "one", domain: domain))
          function.data(7, ONNXModel.node(next, ["m"], ["b"], name: "two", domain: domain))
          function.string(10, "mine")
        }
      }
    }
    let model = ONNXModel.model(extra: define) {
      $0.data(1, ONNXModel.node("F0", ["x"], ["y"], name: "call", domain: "mine"))
    }
    try check(model, "functions that double", status: 69)
  }

  @Test func functionsThatRepeatNumbers() throws {
    // A function with a constant of a megabyte, called a thousand times.
    let define = { (model: inout Message) in
      model.message(25) { function in
        function.string(1, "F")
        function.string(4, "a")
        function.string(5, "b")
        function.data(
          7,
          ONNXModel.node("Constant", [], ["c"], name: "numbers") { node in
            node.message(5) { attribute in
              attribute.string(1, "value")
              attribute.data(5, ONNXModel.tensor("", [1 << 18]) { $0.data(9, Data(count: 1 << 20)) })
              attribute.integer(20, 4)
            }
          })
        function.data(7, ONNXModel.node("Relu", ["a"], ["b"], name: "relu"))
        function.string(10, "mine")
      }
    }
    let model = ONNXModel.model(extra: define) { graph in
      for index in 0..<1000 {
        let names = (index == 0 ? "x" : "v\(index)", index == 999 ? "y" : "v\(index + 1)")
        graph.data(1, ONNXModel.node("F", [names.0], [names.1], name: "call\(index)", domain: "mine"))
      }
    }
    try check(model, "numbers in a function", mayPass: true)
  }

  @Test func externalNumbersUsedAgainAndAgain() throws {
    // Five hundred tensors of halves, all at one place of a file.
    let folder = try Folder()
    try folder.write("w.bin", Data(count: 2 << 20))
    let model = ONNXModel.model { graph in
      for index in 0..<500 {
        let names = (index == 0 ? "x" : "v\(index)", index == 499 ? "y" : "v\(index + 1)")
        graph.data(1, ONNXModel.node("Add", [names.0, "w\(index)"], [names.1], name: "sum\(index)"))
        graph.message(5) { tensor in
          for extent in [1 << 14, 1, 8, 8] { tensor.integer(1, extent) }
          tensor.integer(2, 10)
          tensor.string(8, "w\(index)")
          tensor.message(13) {
            $0.string(1, "location")
            $0.string(2, "w.bin")
          }
          tensor.integer(14, 1)
        }
      }
    }
    try check(model, "one place of a file", status: nil, folder: folder, extra: 2 << 20)
  }

  @Test func fillingIsBounded() throws {
    let model = ONNXModel.model { graph in
      graph.data(5, ONNXModel.tensor("unused", [1]) { $0.data(9, Data(count: 4)) })
      graph.message(5) { tensor in
        tensor.integer(1, 2)
        tensor.integer(2, 7)
        tensor.string(8, "size")
        tensor.data(9, Data([0, 0, 16, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0]))
      }
      graph.data(1, ONNXModel.node("ConstantOfShape", ["size"], ["c"], name: "fill"))
      graph.data(1, ONNXModel.node("Add", ["x", "c"], ["y"], name: "sum"))
    }
    try check(model, "numbers to be filled in", status: 69)
  }

  /// Converts a model, which must be refused, and looks at the memory that it took.
  private func check(
    _ model: Data, _ what: String, status: Int32? = nil, mayPass: Bool = false, folder: Folder? = nil, extra: Int = 0
  ) throws {
    let folder = try folder ?? Folder()
    try folder.write("bomb.onnx", model)
    let outcome = try Program.pexconvert.run(["bomb.onnx", "--dry-run"], in: folder)
    let refused: [Int32] = mayPass ? [0, 65, 69] : [65, 69]
    let allowed = status.map { [$0] } ?? refused
    let comment = Comment(
      rawValue: "\(what): \(outcome.status), \(outcome.peak >> 20) MB: \(outcome.stderr.prefix(300))")
    #expect(allowed.contains(outcome.status), comment)
    #expect(outcome.peak > 1 << 20, comment)
    #expect(outcome.peak <= 4 * (model.count + extra) + Self.floor, comment)
  }
}
