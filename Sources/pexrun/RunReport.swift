import PexConsole
import PexRuntime
import PexTensor

/// How answers read, as text and as JSON.
struct RunReport {
  let top: Int

  func line(_ name: String, _ answer: Answer) -> String {
    let name = name.visible
    let cost = "\(Format.milliseconds(milliseconds(answer))) ms  \(Format.percent(answer.macsFraction)) of MACs"
    let late = answer.missedDeadline ? "  (deadline missed)" : ""
    guard let best = ranked(answer).first else { return "\(name)  exit \(answer.exit)  \(cost)\(late)" }
    let label = answer.isRejected ? "none" : best.label
    return "\(name)  \(label)  \(Format.percent(Double(best.probability)))  exit \(answer.exit)  \(cost)\(late)"
  }

  func json(_ name: String, _ answer: Answer) -> JSON {
    let ranked = ranked(answer)
    let named = answer.isRejected ? nil : ranked.first
    return .members([
      "input": .string(name), "label": .optional(named?.label, JSON.string),
      "class": .optional(named?.index, JSON.integer), "rejected": .bool(answer.isRejected),
      "probability": .optional(ranked.first, { .number(Double($0.probability)) }), "exit": answer.exit.json,
      "ms": .number(milliseconds(answer)), "macs_fraction": .number(answer.macsFraction),
      "deadline_missed": .bool(answer.missedDeadline),
      "top": .array(
        ranked.prefix(top).map {
          .members([
            "class": .integer($0.index), "label": .string($0.label), "probability": .number(Double($0.probability)),
          ])
        }),
    ])
  }

  private func ranked(_ answer: Answer) -> [(index: Int, label: String, probability: Float)] {
    guard let probabilities = answer.answering?.probabilities else { return [] }
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    return order.map { index in
      let names = answer.classes ?? []
      return (index, names.indices.contains(index) ? names[index] : String(index), probabilities[index])
    }
  }

  private func milliseconds(_ answer: Answer) -> Double { Double(answer.nanoseconds) / 1e6 }
}
