import PexBundle
import PexConsole
import PexRuntime

/// What a head file holds.
struct HeadInfo {
  private let file: HeadFile
  private let checked: [CheckedItem]?

  init(_ file: HeadFile, path: String, check: Bool) throws {
    self.file = file
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
    try console.result(
      "trained on the \(file.trunkStorage.name) storage of a trunk with \(file.baseClassCount) classes")
    for head in file.heads {
      let threshold = head.threshold.map { ", threshold \($0)" } ?? ""
      try console.result(
        "  exit \(head.exit): \(head.head.specification.words), temperature \(head.head.temperature)\(threshold)"
          + "\(head.isEnabled ? "" : ", disabled"), prefix \("\(head.prefixDigest)".prefix(16))…")
    }
    if let policy = file.policy { try console.result("policy \(policy.text)") }
    try console.report(
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
        "policy": .optional(file.policy, { .string($0.text) }),
      ]))
  }
}
