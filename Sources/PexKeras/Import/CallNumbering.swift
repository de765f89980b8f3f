/// Which call of a layer a reference means.
///
/// A model used as a layer has an inner connection that Keras may count as its call 0. Keras 2 does so everywhere; Keras 3
/// only where it names the outputs of a network, and not for `Sequential`. What cannot be by that rule is by the other.
struct CallNumbering {
  private var arguments: [String: Int] = [:]
  private var outputs: [String: Int] = [:]

  /// - Parameter version: of Keras.
  init(_ network: NetworkConfig, version: Int) {
    let models = network.layers.filter { $0.network != nil }
    guard !models.isEmpty else { return }
    let read = Self.numbers(network.layers.flatMap { $0.calls.flatMap(\.references) })
    let given = Self.numbers(network.outputs)
    for model in models {
      let (read, given) = (read[model.name] ?? [], given[model.name] ?? [])
      let count = model.calls.count
      if version >= 3 {
        arguments[model.name] = Self.start(read, usual: 0, count)
        outputs[model.name] = Self.start(given, usual: model.network?.isSequential == true ? 0 : 1, count)
      } else {
        arguments[model.name] = Self.start(read.union(given), usual: 1, count)
        outputs[model.name] = arguments[model.name]
      }
    }
  }

  /// What a layer reads, with calls counted from 0.
  func argument(_ reference: LayerConfig.Reference) -> LayerConfig.Reference { counted(reference, arguments) }

  /// What the network answers with, with calls counted from 0.
  func output(_ reference: LayerConfig.Reference) -> LayerConfig.Reference { counted(reference, outputs) }

  private func counted(_ reference: LayerConfig.Reference, _ starts: [String: Int]) -> LayerConfig.Reference {
    guard let start = starts[reference.layer] else { return reference }
    var result = reference
    result.call -= start
    return result
  }

  private static func numbers(_ references: [LayerConfig.Reference]) -> [String: Set<Int>] {
    var numbers: [String: Set<Int>] = [:]
    for reference in references { numbers[reference.layer, default: []].insert(reference.call) }
    return numbers
  }

  private static func start(_ used: Set<Int>, usual: Int, _ calls: Int) -> Int {
    used.allSatisfy { (usual..<usual + calls).contains($0) } ? usual : 1 - usual
  }
}
