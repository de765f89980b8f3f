import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `pexinfo --graph`.
@Suite struct DrawingTests {
  private static let resnet = Digits.root + "/SampleModels/cifar100/resnet20.pex"

  private func drawing(_ file: String, _ name: String = "a.svg") throws -> String {
    let folder = try Folder()
    try Program.pexinfo.succeed([file, "--graph", name], in: folder)
    let bytes = try folder.read(name)
    if name.hasSuffix(".svg") { #expect(XMLParser(data: bytes).parse(), "not well-formed") }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func blocksThatRepeatAreDrawnOnce() throws {
    let text = try drawing(Self.resnet)
    // Three stages of three blocks, the first of each but one with other shapes.
    #expect(text.contains(">to exits 2 … 4</text>") && text.contains(">× 3</text>"))
    #expect(text.components(separatedBy: ">× 2</text>").count == 3)
    #expect(text.contains(">to exit 5</text>") && text.contains(">to the end</text>"))
    #expect(text.contains(">convolution 3x3, add, relu</text>") && text.contains(">convolution 3x3 /2, relu</text>"))
    #expect(text.contains(">winograd") && text.contains(">global average pooling</text>"))
    #expect(text.contains(">24x32x32</text>") && text.contains(">5.31 M</text>"))
  }

  @Test func headsStandAtTheirTaps() throws {
    let text = try drawing(Self.resnet)
    let exits = try Program.pexinfo.report([Self.resnet])["exits"].items.compactMap { $0["exit"].number }
    #expect(exits.count == 7)
    for exit in exits { #expect(text.contains(">exit \(Int(exit)): branch head</text>"), "\(exit)") }
    let untrained = try drawing(try Digits.made().bundle)
    #expect(
      untrained.contains(">exit 3: linear head, untrained</text>") && untrained.contains(">10 classes, 320 MACs</text>")
    )
  }

  @Test func graphvizGetsTheSame() throws {
    let text = try drawing(Self.resnet, "a.dot")
    #expect(text.hasPrefix("digraph pex {") && text.hasSuffix("}\n"))
    for words in [
      "to exits 2 … 4, 3 times", "convolution 3x3, add, relu\\nwinograd", "shape=component", "exit 10: branch",
    ] {
      #expect(text.contains(words), "\(words)")
    }
    #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
  }

  @Test func modelsOfOtherFormatsAreDrawnAsWell() throws {
    #expect(try drawing(Digits.model).contains(">to exits 9, 10</text>"))
    #expect(try drawing(KerasFiles.sample).contains("convolution 3x3"))
  }

  @Test func everythingIsWithinThePicture() throws {
    for file in [Self.resnet, Digits.model, KerasFiles.sample] {
      let text = try drawing(file)
      let size = try #require(text.firstMatch(of: #/viewBox="0 0 ([0-9.]+) ([0-9.]+)"/#))
      let (width, height) = (try #require(Double(size.1)), try #require(Double(size.2)))
      for match in text.matches(of: #/ (x|x1|x2)="([0-9.-]+)"/#) {
        #expect((0...width).contains(Double(match.2) ?? -1))
      }
      for match in text.matches(of: #/ (y|y1|y2)="([0-9.-]+)"/#) {
        #expect((0...height).contains(Double(match.2) ?? -1))
      }
    }
  }

  @Test func hostileNames() throws {
    let folder = try Folder()
    let model = ONNXModel.model { graph in
      graph.data(1, ONNXModel.node("Relu", ["x"], ["</text><script>\"\\"], name: "a\nb"))
      graph.data(1, ONNXModel.node("Sigmoid", ["</text><script>\"\\"], ["y"], name: "]]>"))
    }
    try folder.write("<&\">.onnx", model)
    for name in ["a.svg", "a.dot"] {
      try Program.pexinfo.succeed(["<&\">.onnx", "--graph", name], in: folder)
    }
    let svg = try folder.read("a.svg")
    #expect(XMLParser(data: svg).parse() && !String(decoding: svg, as: UTF8.self).contains("<script"))
    #expect(String(decoding: try folder.read("a.dot"), as: UTF8.self).contains("relu"))
  }

  @Test func placesThatTakeNoDrawing() throws {
    let folder = try Folder()
    let made = try Digits.made()
    let model = try folder.copy(made.base, to: "a.pex")
    try Program.pexinfo.refuses([model, "--graph", "a.gif"], status: 64, saying: ["a.gif", ".svg"], in: folder)
    try Program.pexinfo.refuses([model, "--graph", "a.pex", "--force"], status: 64, saying: ["a.pex"], in: folder)
    try Program.pexinfo.refuses([model, "--graph", "-"], status: 64, in: folder)
    try Program.pexinfo.refuses([model, "--graph", "none/a.svg"], status: 73, in: folder)
    try Program.pexinfo.refuses([made.heads, "--graph", "a.svg"], status: 64, saying: ["heads"], in: folder)
  }
}
