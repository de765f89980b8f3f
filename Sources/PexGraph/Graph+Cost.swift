import PexTensor

/// What a part of a network costs.
public struct Cost: Hashable, Sendable {
  /// Multiply-accumulates of convolutions and matrix products for one sample.
  public var multiplyAccumulates: Int
  /// Learned numbers read, each constant counted once.
  public var parameters: Int

  /// A cost.
  public init(multiplyAccumulates: Int = 0, parameters: Int = 0) {
    self.multiplyAccumulates = multiplyAccumulates
    self.parameters = parameters
  }
}

extension Graph {
  /// Multiply-accumulates of one node for one sample.
  public func multiplyAccumulates(of node: Node) -> Int {
    node.operation.payload.multiplyAccumulates(
      inputs: node.inputs.map { self[$0].type }, outputs: node.outputs.map { self[$0].type })
  }

  /// What computing the given values costs; everything the graph gives when none are named.
  public func cost(of roots: [ValueID]? = nil) -> Cost {
    var cost = Cost()
    var counted: Set<ValueID> = []
    for index in ancestors(of: roots ?? outputs).nodes { add(nodes[index], to: &cost, counted: &counted) }
    return cost
  }

  /// Adds what one node costs.
  /// - Parameter counted: the constants whose numbers are in `cost` already.
  public func add(_ node: Node, to cost: inout Cost, counted: inout Set<ValueID>) {
    let (sum, overflow) = cost.multiplyAccumulates.addingReportingOverflow(multiplyAccumulates(of: node))
    cost.multiplyAccumulates = overflow ? Int.max : sum
    for (position, input) in node.inputs.enumerated()
    where node.operation.payload.parameterInputs.contains(position) && self[input].constant != nil
      && counted.insert(input).inserted
    {
      let (sum, overflow) = cost.parameters.addingReportingOverflow(saturatingProduct(self[input].type.perSample))
      cost.parameters = overflow ? Int.max : sum
    }
  }
}
