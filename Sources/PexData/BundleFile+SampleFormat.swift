import PexBundle
import PexGraph
import PexTensor

extension BundleContents {
  /// What samples this model takes from pictures and array files.
  ///
  /// Without preprocessing in the bundle, levels 0…255 are used as they are.
  /// - Parameter besideOthers: whether something else fills the model's other inputs.
  /// - Throws: ``PexError`` (usage) when no input takes pictures, or there are others that nothing fills.
  public func sampleFormat(besideOthers: Bool = false) throws -> SampleFormat {
    let graph = trunk.graph
    func name(_ input: GraphInput) -> String { graph[input.value].name }
    guard let input = graph.pictureInput, let map = graph[input.value].type.featureMap else {
      let list = graph.inputs.map { "'\(name($0))' \(graph[$0.value].type)" }.joined(separator: ", ")
      throw PexError(
        .usage,
        graph.inputs.count == 1
          ? "input \(graph.inputs.first.map { "'\(name($0))' is \(graph[$0.value].type)" } ?? ""): pictures need [N,C,H,W]"
          : "the model has \(graph.inputs.count) inputs, of which pictures cannot fill one: \(list)",
        hint: graph.inputs.count == 1
          ? "give arrays by name: --input NAME=FILE.npy"
          : "pexrun takes arrays by name: --input NAME=FILE.npy; pexconvert --input NAME=VALUE fixes all inputs but one"
      )
    }
    if !besideOthers, let other = graph.inputs.first(where: { $0 != input }) {
      throw PexError(
        .usage, "the model has \(graph.inputs.count) inputs: pictures fill '\(name(input))' alone",
        hint:
          "fix the others when the model is converted: pexconvert --input '\(name(other))=VALUE'; pexrun also takes them as "
          + "arrays: --input '\(name(other))=FILE.npy'")
    }
    return try SampleFormat(
      channels: map.channels, height: map.spatial[0], width: map.spatial[1],
      layout: input.layout == .channelsLast ? .nhwc : .nchw,
      preprocessing: preprocessing.map(Preprocessing.init) ?? .none)
  }

  /// What labelled samples this model takes: pictures, or arrays where its only input is none.
  /// - Throws: ``PexError`` (usage) as ``sampleFormat(besideOthers:)``, and when the only input holds several samples.
  public func labelledFormat() throws -> SampleFormat {
    let graph = trunk.graph
    guard graph.pictureInput == nil, graph.inputs.count == 1, let input = graph.inputs.first else {
      return try sampleFormat()
    }
    let type = graph[input.value].type
    guard type.perSample.first == 1, type.rank > 1 else {
      throw PexError(
        .usage, "input '\(graph[input.value].name)' is \(type): samples go in one at a time",
        hint: "convert the model with its batch open, or of 1")
    }
    return try SampleFormat(extents: Array(type.perSample.dropFirst()))
  }
}
