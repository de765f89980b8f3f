import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

@Suite struct LayerCheckTests {
  @Test(arguments: 0..<20 as Range<UInt64>) func kernelsAgreeLayerByLayer(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    let layers = try LayerCheck.run(graph, inputs: randomInputs(graph, batch: 1, seed: seed))
    #expect(layers.count == graph.nodes.count)
    for layer in layers { #expect(layer.passes, "\(layer)") }
  }

  @Test func aWrongValueIsToldWhereItArises() throws {
    let graph = try RandomGraph.make(seed: 3)
    let inputs = try randomInputs(graph, batch: 1, seed: 3)
    let ids = graph.nodes.flatMap(\.outputs)
    var values = Dictionary(uniqueKeysWithValues: zip(ids, try Reference.run(graph, inputs: inputs, keeping: ids)))
    for (input, tensor) in zip(graph.inputs, inputs) { values[input.value] = tensor }
    let wrong = graph.nodes[graph.nodes.count / 2]
    let right = try #require(values[wrong.outputs[0]])
    values[wrong.outputs[0]] = try Tensor(right.shape.dimensions, right.floats.map { $0 + 1 })
    let failed = try LayerCheck.compare(graph, values).filter { !$0.passes }.map(\.name)
    // What reads the wrong value differs from what was computed of the right one.
    #expect(failed.first == wrong.name)
    let readers = graph.nodes.filter { $0.inputs.contains(wrong.outputs[0]) }.map(\.name)
    #expect(Set(failed).isSubset(of: Set(readers + [wrong.name])))
  }
}
