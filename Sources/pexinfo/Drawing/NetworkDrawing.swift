import Foundation
import PexBundle
import PexConsole
import PexConvert
import PexExits
import PexGraph
import PexTensor

/// A file that a network is drawn into: for Graphviz, or a picture.
struct NetworkDrawing {
  private enum Target {
    case graphviz(OutputPath)
    case picture(ChartFile)
  }

  private let target: Target

  /// - Throws: ``PexError``: (usage) for another suffix than .svg, .png, .pdf or .dot, and as `OutputPath.check`.
  init(_ path: String, force: Bool, source: String) throws {
    if (path as NSString).pathExtension.lowercased() == "dot" {
      let output = OutputPath(wanted: path, input: path, suffix: "dot", force: force, option: "--graph")
      try output.check(sources: [source])
      target = .graphviz(output)
    } else {
      let picture = try ChartFile(path, force: force, option: "--graph")
      try picture.check(sources: [source])
      target = .picture(picture)
    }
  }

  /// Draws a network that was imported, with the places where exits can be.
  func write(_ graph: Graph, title: String) throws {
    try write(NetworkOutline(graph, points: ExitPoint.all(in: graph).map { ($0.number, $0.value) }, heads: []), title)
  }

  /// Draws a bundle's trunk with its heads.
  func write(_ contents: BundleContents, title: String) throws {
    let points = contents.trunk.exitPoints.sorted {
      ($0.multiplyAccumulates, $0.number) < ($1.multiplyAccumulates, $1.number)
    }
    let heads = contents.exits.map {
      NetworkOutline.HeadPlace(exit: $0.exit, specification: $0.specification, isTrained: $0.parameters != nil)
    }
    try write(NetworkOutline(contents.trunk.graph, points: points.map { ($0.number, $0.value) }, heads: heads), title)
  }

  private func write(_ outline: NetworkOutline, _ title: String) throws {
    switch target {
    case .graphviz(let output): try output.write(OutlineDOT(outline: outline).text)
    case .picture(let picture): try picture.write(OutlineSVG(outline).document(title: title))
    }
  }
}
