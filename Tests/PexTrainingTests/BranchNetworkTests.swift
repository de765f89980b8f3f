import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct BranchNetworkTests {
  static let stacks: [[BranchLayer]] = [
    [BranchLayer(.full, channels: 5, stride: 2)],
    [BranchLayer(.full, channels: 4), BranchLayer(.full, channels: 19, stride: 2)],
    [BranchLayer(.depthwise, channels: 3, stride: 2), BranchLayer(.pointwise, channels: 17)],
    [
      BranchLayer(.depthwise, channels: 3), BranchLayer(.pointwise, channels: 20),
      BranchLayer(.depthwise, channels: 20, stride: 2), BranchLayer(.pointwise, channels: 6),
    ],
  ]

  private func network(_ layers: [BranchLayer], seed: UInt64) throws -> (BranchNetwork, Branch) {
    let specification = try BranchSpecification(channels: 3, spatial: [7, 6], layers: layers)
    var generator = SplitMix64(seed: seed)
    let branch = try Branch(
      specification,
      parameters: specification.parameters.map { parameter in
        try Tensor(parameter.dimensions, (0..<parameter.dimensions.reduce(1, *)).map { _ in 0.5 * generator.normal() })
      })
    return (BranchNetwork(branch), branch)
  }

  /// The pooled features of a tap `[3, 7, 6]`, and the record and scratch that the backward pass reads.
  private func features(_ network: BranchNetwork, _ tap: [Float]) -> (
    features: [Float], record: [Float], scratch: [Float]
  ) {
    var record = [Float](repeating: .nan, count: network.recordCount)
    var scratch = [Float](repeating: .nan, count: network.scratchCount)
    var features = [Float](repeating: .nan, count: 2 * network.specification.output.channels)
    for channel in 0..<3 { for pixel in 0..<42 { record[pixel * 3 + channel] = tap[channel * 42 + pixel] } }
    record.withUnsafeMutableBufferPointer { record in
      scratch.withUnsafeMutableBufferPointer { scratch in
        features.withUnsafeMutableBufferPointer { features in
          guard let r = record.baseAddress, let s = scratch.baseAddress, let f = features.baseAddress else { return }
          network.forward(r, scratch: s)
          network.pool(r, into: f)
        }
      }
    }
    return (features, record, scratch)
  }

  private func tap(_ seed: UInt64) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<126).map { _ in generator.normal() }
  }

  @Test(arguments: stacks) func computesWhatBranchesDo(layers: [BranchLayer]) throws {
    let (network, branch) = try network(layers, seed: 1)
    let tap = tap(2)
    let map = try tap.withUnsafeBufferPointer { try branch.map(tap: $0) }
    let expected = map.withUnsafeBufferPointer { pooledFeatures($0, channels: network.specification.output.channels) }
    let found = features(network, tap).features
    let scale = expected.map(abs).max() ?? 0
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 * scale })
    #expect(try zip(network.branch().parameters, branch.parameters).allSatisfy { $0.isIdentical(to: $1) })
  }

  /// The loss is a fixed sum of the features; every weight is moved a little to both sides.
  @Test(arguments: stacks) func gradientsAgreeWithFiniteDifferences(layers: [BranchLayer]) throws {
    var (network, _) = try network(layers, seed: 3)
    let tap = tap(4)
    var generator = SplitMix64(seed: 5)
    let slopes = (0..<2 * network.specification.output.channels).map { _ in generator.normal() }
    func loss(_ network: BranchNetwork) -> Double {
      zip(features(network, tap).features, slopes).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let here = loss(network)
    network.prepareBackward()
    var (_, record, scratch) = features(network, tap)
    // Sums start where others left off.
    var gradients = network.weights.map { [Float](repeating: 1, count: $0.count) }
    record.withUnsafeMutableBufferPointer { record in
      scratch.withUnsafeMutableBufferPointer { scratch in
        slopes.withUnsafeBufferPointer { slopes in
          guard let r = record.baseAddress, let s = scratch.baseAddress, let f = slopes.baseAddress else { return }
          network.backward(r, featureSlopes: f, into: &gradients, scratch: s)
        }
      }
    }
    var (kinks, count) = (0, 0)
    for tensor in network.weights.indices {
      for index in network.weights[tensor].indices {
        var (up, down) = (network, network)
        up.weights[tensor][index] += 0x1p-8
        down.weights[tensor][index] -= 0x1p-8
        let base = Double(network.weights[tensor][index])
        let (above, below) = (
          (loss(up) - here) / (Double(up.weights[tensor][index]) - base),
          (here - loss(down)) / (base - Double(down.weights[tensor][index]))
        )
        let near = (above + below) / 2
        count += 1
        // The loss is linear in every weight but where a maximum or a ReLU changes sides: nothing can be said there.
        guard abs(above - below) < 4e-3 * (1 + abs(near)) else {
          kinks += 1
          continue
        }
        #expect(
          abs(near - Double(gradients[tensor][index] - 1)) < 5e-3 * (1 + abs(near)), "tensor \(tensor), number \(index)"
        )
      }
    }
    #expect(kinks < count / 5)
  }
}
