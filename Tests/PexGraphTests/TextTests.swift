import PexGraph
import PexTensor
import Testing

let residual = """
  input %image: f32[N,3,8,8] nchw
  constant %w: f32[4,3,3,3] = random 7
  constant %b: f32[4] = values 0.5 -1.0 0.25 2.0
  constant %fc: f32[2,4] = values 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0
  %c: f32[N,4,4,4] = convolution(%image, %w, %b) {kernel=[3,3], strides=[2,2], dilations=[1,1], padding=explicit, before=[1,1], after=[1,1], rounds_up=0, groups=1}
  %r: f32[N,4,4,4] = unary(%c) {kind=relu}
  %s: f32[N,4,4,4] = binary(%r, %c) {kind=add}
  %g: f32[N,4,1,1] = global_pooling(%s) {kind=average}
  %f: f32[N,4] = reshape(%g) {shape=[N,4]}
  %"odd name: \\"x\\"": f32[N,2] = linear(%f, %fc)
  %p: f32[N,2] = softmax(%"odd name: \\"x\\"") {axis=1, logarithm=0}
  output %p
  classifier %p probabilities %"odd name: \\"x\\""

  """

@Suite struct TextTests {
  @Test func theBatchOfAnOutputMayLieInsideInTheSource() throws {
    let text = "input %x: f32[N,3,4] nchw\n%y: f32[N,3,4] = unary(%x) {kind=relu}\noutput %y batch 2\n"
    let graph = try Graph.parse(text)
    #expect(graph.batchAxes == [2] && graph.text() == text && graph.formatVersion == 8)
    for axis in ["3", "-1", "x"] {
      #expect(throws: PexError.self) { try Graph.parse(text.replacing("batch 2", with: "batch \(axis)")) }
    }
  }

  @Test func printsWhatItParses() throws {
    var graph = try Graph.parse(residual)
    let printed = graph.text(allNumbers: true)
    #expect(try Graph.parse(printed).text(allNumbers: true) == printed)
    #expect(printed.contains("%\"odd name: \\\"x\\\"\": f32[N,2] = linear(%f, %fc)"))
    let found = try #require(try graph.findClassifier())
    #expect(found == graph.classifier)
  }

  @Test func costsCountWork() throws {
    let graph = try Graph.parse(residual)
    let cost = graph.cost()
    #expect(cost.multiplyAccumulates == 4 * 4 * 4 * 27 + 8)
    #expect(cost.parameters == 4 * 27 + 4 + 8)
  }

  @Test(arguments: [
    ("input %x: f32[N,3]\noutput %y", "line 2"),
    ("input %x: f32[N,3]\n%y = unary(%x) {kind=rellu}\noutput %y", "expected relu|clip"),
    ("input %x: f32[N,3]\n%y = unary(%x) {kind=relu, extra=1}\noutput %y", "unknown attribute 'extra'"),
    ("input %x: f32[N,3]\n%y: f32[N,4] = unary(%x) {kind=relu}\noutput %y", "inferred as f32[N,3]"),
    ("input %x: f32[N,3]\n%x = unary(%x) {kind=relu}\noutput %x", "two values"),
    ("input %x: f32[3,N]\noutput %x", "outermost"),
  ])
  func namesTheLineThatIsWrong(text: String, expected: String) throws {
    let error = try #require(throws: PexError.self) { try Graph.parse(text) }
    #expect(error.message.contains(expected))
  }
}
