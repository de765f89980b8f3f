import PexBundle
import PexConsole
import PexRuntime

/// What a head file holds, and what it tells of itself.
struct HeadInfo {
  private let file: HeadFile
  private let checked: [CheckedItem]?
  private let search: BundleSearch?

  /// - Parameter search: for the bundles that it fits; nil when nobody asked.
  init(_ file: HeadFile, path: String, check: Bool, _ search: BundleSearch?) throws {
    (self.file, self.search) = (file, search)
    checked = check ? try HeadFile.check(path: path) : nil
  }

  /// The classes with how often the person meets them, where that is known.
  private var classes: [String] {
    guard let prior = file.prior else { return file.classes }
    return zip(file.classes, prior).map { "\($0) \(Format.percent(Double($1)))" }
  }

  func print(_ console: Console) throws {
    for item in checked ?? [] { try console.result("checked \(item.section): \(item.what)") }
    try console.result(
      "personal heads for \(file.classes.count) classes: \(classes.prefix(8).joined(separator: ", "))\(file.classes.count > 8 ? ", …" : "")"
    )
    for line in origin { try console.result(line) }
    for head in file.heads {
      let threshold = head.threshold.map { ", threshold \($0)" } ?? ""
      try console.result(
        "  exit \(head.exit): \(head.head.specification.words), temperature \(head.head.temperature)\(threshold)"
          + "\(head.isEnabled ? "" : ", disabled"), prefix \("\(head.prefixDigest)".prefix(16))…")
    }
    for head in file.baseHeads {
      let threshold = head.threshold.map { ", threshold \($0)" } ?? ""
      try console.result(
        "  exit \(head.exit): the bundle's own head \("\(head.headDigest)".prefix(16))…, temperature "
          + "\(head.temperature)\(threshold)")
    }
    if let lastResort { try console.result("answers last: \(lastResort)") }
    if let policy = file.policy { try console.result("policy \(policy.text)") }
    for line in search?.lines ?? [] { try console.result(line) }
    try console.report(json)
  }

  /// Where the file comes from, as far as it says.
  private var origin: [String] {
    let trunk = file.trunkDigest.map { ", trunk \("\($0)".prefix(16))…" } ?? ""
    let storage = "the \(file.trunkStorage.name) storage of a trunk with \(file.baseClassCount) classes\(trunk)"
    guard let origin = file.origin else { return ["trained on \(storage)"] }
    let base = origin.base.isEmpty ? "" : "\(origin.base), "
    let day = origin.date.isEmpty ? "" : " on \(origin.date)"
    let producer = file.producer.isEmpty ? "" : " by \(file.producer)"
    var lines = [
      "trained\(day)\(producer) on \(base)\(storage)",
      "from \(origin.samples) samples, \(origin.labelled) with labels",
    ]
    if let measured = origin.measured {
      let gain =
        "\(Format.points(measured.gain.lowerBound)) to \(Format.points(measured.gain.upperBound)) points with 95 %"
      lines.append(
        "measured on \(measured.samples) held-out samples: \(measured.figure) \(Format.percent(measured.before)) before "
          + "(the model told the classes), \(Format.percent(measured.after)) after (\(gain))"
          + (measured.cost > 0 ? ", at \(Format.percent(measured.cost)) of the MACs" : ""))
    }
    if !origin.note.isEmpty { lines.append("note: \(origin.note)") }
    return lines
  }

  private var lastResort: String? {
    guard let last = file.lastResort else { return nil }
    guard let exit = last.exit else { return "the model's classifier, told these classes" }
    guard last.asksClassifier else { return "the head of exit \(exit)" }
    return last.head == 1 && last.classifier == 1
      ? "the model's classifier with what the head of exit \(exit) adds"
      : "\(last.classifier) of the model's classifier, \(last.head) of the head of exit \(exit)"
  }

  private var json: JSON {
    .report([
      "kind": "heads", "classes": .array(file.classes.map(JSON.string)),
      "prior": .optional(file.prior, { .array($0.map { .number(Double($0)) }) }),
      "trunk_weights": .string(file.trunkStorage.name), "base_classes": .integer(file.baseClassCount),
      "preprocessing_digest": .string("\(file.preprocessingDigest)"),
      "exits": .array(
        file.heads.map { head in
          .members([
            "exit": .integer(head.exit), "head": .string(head.head.specification.kind.rawValue),
            "earlier": head.head.specification.earlierExits,
            "enabled": .bool(head.isEnabled), "temperature": .number(Double(head.head.temperature)),
            "threshold": .optional(head.threshold, { .number(Double($0)) }),
            "prefix_digest": .string("\(head.prefixDigest)"),
          ])
        }),
      "base_heads": .array(
        file.baseHeads.map { head in
          .members([
            "exit": .integer(head.exit), "head_digest": .string("\(head.headDigest)"),
            "temperature": .number(Double(head.temperature)),
            "threshold": .optional(head.threshold, { .number(Double($0)) }),
            "prefix_digest": .string("\(head.prefixDigest)"),
          ])
        }),
      "policy": .optional(file.policy, { .string($0.text) }),
      "last_resort": .optional(file.lastResort) { last in
        .members([
          "classifier": .exact(last.classifier), "head": .exact(last.head),
          "exit": .optional(last.exit, JSON.integer),
        ])
      },
      "trunk_digest": .optional(file.trunkDigest, { .string("\($0)") }), "producer": .string(file.producer),
      "origin": .optional(file.origin, originJSON), "bundles": .optional(search, \.json),
    ])
  }

  private func originJSON(_ origin: HeadFileOrigin) -> JSON {
    .members([
      "base": .string(origin.base), "date": .string(origin.date), "samples": .integer(origin.samples),
      "labelled": .integer(origin.labelled), "note": .string(origin.note),
      "measured": .optional(origin.measured) { measured in
        .members([
          "figure": .string(measured.figure), "samples": .integer(measured.samples),
          "before": .number(measured.before), "after": .number(measured.after),
          "gain_interval": .array([.number(measured.gain.lowerBound), .number(measured.gain.upperBound)]),
          "macs_fraction": .number(measured.cost),
        ])
      },
    ])
  }
}
