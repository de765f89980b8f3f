import PexHeads
import PexTensor

/// Numbers from the standard normal distribution.
func randoms(_ count: Int, seed: UInt64) -> [Float] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in generator.normal() }
}

/// A head all of whose numbers, biases included, are random.
func randomHead(_ specification: HeadSpecification, seed: UInt64) throws -> Head {
  let parameters = try specification.parameters.enumerated().map { index, parameter in
    let numbers = randoms(parameter.dimensions.reduce(1, *), seed: seed &+ UInt64(index) &* 1000)
    // A mean stands for no negative number of samples.
    return try Tensor(parameter.dimensions, numbers.map { 0.3 * (parameter.name == "count" ? abs($0) : $0) })
  }
  return try Head(
    specification, parameters: parameters, branches: specification.branches.map { try Branch.random($0, seed: seed) })
}

/// The layers of a branch where a kind of head needs one.
func branchLayers(_ kind: HeadKind) -> [BranchLayer] { kind == .branch ? [BranchLayer(.full, channels: 4)] : [] }

extension Head {
  func logits(_ tap: [Float], earlier: [Float] = []) throws -> [Float] {
    try tap.withUnsafeBufferPointer { try logits(tap: $0, earlier: earlier) }
  }

  func doubles(_ name: String) throws -> [Double] { try parameter(name).floats.map(Double.init) }
}

/// max|a-b| / max|b|.
func distance(_ a: [Float], _ b: [Double]) -> Double {
  let difference = zip(a, b).map { abs(Double($0) - $1) }.max() ?? 0
  return a.count == b.count ? difference / max(b.map(abs).max() ?? 0, 1e-30) : .infinity
}

func plainPooled(_ map: [Double], channels: Int) -> [Double] {
  let extent = map.count / channels
  let maps = (0..<channels).map { map[$0 * extent..<($0 + 1) * extent] }
  return maps.map { $0.reduce(0, +) / Double(extent) } + maps.map { $0.max() ?? 0 }
}

func plainReadout(_ head: Head, _ features: [Double]) throws -> [Double] {
  let (weight, bias) = (try head.doubles("weight"), try head.doubles("bias"))
  return bias.indices.map { row in
    bias[row] + features.indices.reduce(0.0) { $0 + weight[row * features.count + $1] * features[$1] }
  }
}

/// The convolution, bias and ReLU, straight from the definition.
func plainConvolution(_ head: Head, _ tap: [Float]) throws -> [Double] {
  let specification = head.specification
  let (height, width) = (specification.spatial[0], specification.spatial[1])
  let (weight, bias) = (try head.doubles("conv.weight"), try head.doubles("conv.bias"))
  var output: [Double] = []
  for filter in 0..<specification.hidden {
    for row in stride(from: 0, to: height, by: 2) {
      for column in stride(from: 0, to: width, by: 2) {
        var sum = bias[filter]
        for channel in 0..<specification.channels {
          for (ky, kx) in (0..<9).map({ ($0 / 3, $0 % 3) }) {
            let (y, x) = (row + ky - 1, column + kx - 1)
            guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
            let position = ((filter * specification.channels + channel) * 3 + ky) * 3 + kx
            sum += weight[position] * Double(tap[(channel * height + y) * width + x])
          }
        }
        output.append(max(0, sum))
      }
    }
  }
  return output
}

/// The cross-entropy of a head's answer, in double.
func plainLoss(_ head: Head, _ tap: [Float], earlier: [Float] = [], label: Int) throws -> Double {
  let specification = head.specification
  let map = specification.kind == .conv ? try plainConvolution(head, tap) : tap.map(Double.init)
  let channels = specification.kind == .conv ? specification.hidden : specification.channels
  let features = earlier.map(Double.init) + plainPooled(map, channels: channels)
  return plainCrossEntropy(try plainReadout(head, features), label: label)
}
