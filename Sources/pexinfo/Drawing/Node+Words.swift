import PexGraph

extension Node {
  /// What a node computes, in a few words: `convolution 3x3 /2`, `add`, `relu`.
  func words(in graph: Graph) -> String {
    switch operation {
    case .convolution(let payload): convolution(payload, graph)
    case .integerConvolution(let payload): "integer " + convolution(payload.convolution, graph)
    case .transposedConvolution: "transposed convolution"
    case .pooling(let payload): "\(payload.kind.rawValue) pooling \(window(payload.window))"
    case .globalPooling(let payload): "global \(payload.kind.rawValue) pooling"
    case .unary(let payload): word(payload.kind)
    case .binary(let payload): payload.kind.rawValue.replacing("_", with: " ")
    case .reduce(let payload): "\(payload.kind.rawValue) of axes"
    case .recurrent(let payload): payload.cell.rawValue + (payload.isReversed ? " reversed" : "")
    case .batchNormalization, .linear, .concat, .reshape, .transpose, .softmax, .pad, .identity, .lpPooling,
      .localResponseNormalization, .standardization, .slice, .gather, .tile, .argMax, .matrixProduct, .resize, .choice:
      operation.mnemonic.replacing("_", with: " ")
    }
  }

  private func convolution(_ payload: Convolution, _ graph: Graph) -> String {
    let channels = inputs.first.flatMap { graph[$0].type.perSample.dropFirst().first }
    let kind =
      payload.groups == 1
      ? "convolution" : payload.groups == channels ? "depthwise convolution" : "convolution in \(payload.groups) groups"
    return "\(kind) \(window(payload.window))"
  }

  private func window(_ window: Window) -> String {
    let kernel = window.kernel.map(String.init).joined(separator: "x")
    let strides =
      Set(window.strides) == [1] ? "" : " /\(Set(window.strides).map(String.init).sorted().joined(separator: ","))"
    let dilation = Set(window.dilations) == [1] ? "" : ", dilated"
    return kernel + strides + dilation
  }

  /// The name of a function, without its numbers.
  private func word(_ kind: Unary.Kind) -> String {
    String("\(kind)".prefix { $0 != "(" }).reduce(into: "") { words, letter in
      words += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
    }
  }
}
