import PexConsole
import PexONNX

/// The operators that can be imported: what `pexinfo --ops` prints.
struct OperatorList {
  private let operators = ONNXImporter.supportedOperators

  /// An operator a line.
  var text: [String] {
    operators.map { row in
      "\(row.op): since opset \(versions(row))" + (row.limits.isEmpty ? "" : "; " + row.limits.joined(separator: "; "))
    }
  }

  /// SUPPORTED-ONNX-OPS.md, which a test holds against this.
  var markdown: [String] {
    [
      "# ONNX operators that pex reads", "",
      "`make ops` writes this file from the importer's own table, as `pexinfo --ops --markdown` prints it: \(operators.count) operators.",
      "A model of any opset from an operator's first one on is read; the others are those at which its inputs or",
      "attributes changed. Operators of other domains are not read.", "",
      "| operator | since opset | limits |", "| --- | --- | --- |",
    ]
      + operators.map { row in
        "| \(row.op) | \(versions(row)) | \(row.limits.joined(separator: "; ")) |".replacing("|  |", with: "| |")
      }
  }

  var json: JSON {
    .report([
      "operators": .array(
        operators.map {
          .members([
            "operator": .string($0.op), "since": .array($0.since.map(JSON.integer)),
            "limits": .array($0.limits.map(JSON.string)),
          ])
        })
    ])
  }

  private func versions(_ row: SupportedOperator) -> String { row.since.map(String.init).joined(separator: ", ") }
}
