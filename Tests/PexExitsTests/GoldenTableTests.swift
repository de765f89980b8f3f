import Foundation
import PexExits
import PexGraph
import PexTensor
import Testing

/// Exit points are names that other people's scripts and head files use: these tables may not change unnoticed.
///
/// `Tests/Interop/write_networks.sh` writes networks and tables from the real models.
@Suite struct GoldenTableTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")

  static let networks = [
    "resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "vgg16", "squeezenet1_1", "densenet121", "digits",
    "resnet20",
  ]

  @Test(arguments: networks)
  func exitPointsAreAsTheyWere(name: String) throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent("\(name).txt"), encoding: .utf8)
    let table = try String(contentsOf: Self.folder.appendingPathComponent("\(name).table"), encoding: .utf8)
    var graph = try Graph.parse(text)
    graph.classifier = try graph.findClassifier()
    let total = graph.cost().multiplyAccumulates
    let found = ExitPoint.all(in: graph).map { point in
      let share = Double(point.cost.multiplyAccumulates) / Double(total)
      return [String(point.number), graph[point.value].name, "\(point.type)", String(format: "%.1f", 100 * share)]
    }
    let expected = table.split(separator: "\n").dropFirst(2).compactMap { line -> [String]? in
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 5, let percent = words.firstIndex(of: "%"), Int(words[0]) != nil else { return nil }
      return [words[0], words[1], words[2], words[percent - 1]]
    }
    #expect(expected.count >= 9)
    #expect(found == expected)
  }
}
