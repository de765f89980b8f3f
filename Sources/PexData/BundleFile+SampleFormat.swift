import PexBundle
import PexGraph
import PexTensor

extension BundleContents {
  /// What samples this model takes from pictures and array files.
  ///
  /// Without preprocessing in the bundle, levels 0…255 are used as they are.
  /// - Throws: ``PexError`` (usage) when the model has several inputs, or one that is no picture.
  public func sampleFormat() throws -> SampleFormat {
    let graph = trunk.graph
    guard graph.inputs.count == 1, let input = graph.inputs.first else {
      throw PexError(
        .usage, "the model has \(graph.inputs.count) inputs: pictures fill only one",
        hint: "give arrays by name: --input NAME=FILE.npy")
    }
    let type = graph[input.value].type
    guard let map = type.featureMap, map.spatial.count == 2, type.perSample[0] == 1 else {
      throw PexError(
        .usage, "input '\(graph[input.value].name)' is \(type): pictures need [N,C,H,W]",
        hint: "give an array by name: --input NAME=FILE.npy")
    }
    return try SampleFormat(
      channels: map.channels, height: map.spatial[0], width: map.spatial[1],
      layout: input.layout == .channelsLast ? .nhwc : .nchw,
      preprocessing: preprocessing.map(Preprocessing.init) ?? .none)
  }
}
