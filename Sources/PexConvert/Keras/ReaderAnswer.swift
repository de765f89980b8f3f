import Foundation
import PexBundle
import PexGraph
import PexTensor

/// What a reader said and handed over, checked as any file from outside is.
struct ReaderAnswer {
  /// The line of JSON, its texts fit for a terminal.
  let report: ImportReport

  /// Reads the line.
  /// - Throws: ``PexError``: (malformed) when it is not as it must be, (unsupported) when another version wrote it.
  init(line: [UInt8]) throws {
    struct Version: Decodable { var format: Int }
    do {
      let decoder = JSONDecoder()
      let version = try decoder.decode(Version.self, from: Data(line)).format
      guard version == ImportReport.currentFormat else {
        throw PexError(
          .unsupported, "the reader of Keras files speaks version \(version), expected \(ImportReport.currentFormat)",
          hint: "pexkeras has to be of the same version as this program")
      }
      report = try decoder.decode(ImportReport.self, from: Data(line)).plain
    } catch is DecodingError {
      throw PexError(.malformed, "expected one line of JSON, found something else")
    }
  }

  /// The model whose graph is in this bundle. Every tensor is checked, the graph verified.
  /// - Throws: ``PexError``: (malformed) when the bundle is damaged, (unsupported) when a newer version wrote it.
  func model(_ file: MappedFile) throws -> ImportedModel {
    let bundle = try BundleFile(file: file)
    for constant in bundle.contents.trunk.constants { try bundle.verify(constant: constant) }
    return ImportedModel(
      source: .keras, graph: bundle.graph, producer: report.producer, operatorCounts: report.operatorCounts,
      warnings: report.warnings)
  }
}

extension ImportReport {
  /// Longest name that is shown.
  private static let nameLimit = 200

  /// The same with texts fit for a terminal.
  fileprivate var plain: ImportReport {
    var result = self
    result.producer = producer.plain(Self.nameLimit)
    result.operatorCounts = operatorCounts.map { .init(op: $0.op.plain(Self.nameLimit), count: $0.count) }
    result.warnings = warnings.map { $0.plain() }
    result.inputs = inputs?.map { port in
      .init(name: port.name.plain(Self.nameLimit), type: port.type?.plain(Self.nameLimit), extents: port.extents)
    }
    result.unsupported?.hint = unsupported?.hint?.plain()
    result.unsupported?.entries = (unsupported?.entries ?? []).map { entry in
      .init(
        domain: entry.domain.plain(Self.nameLimit), op: entry.op.plain(Self.nameLimit),
        nodes: entry.nodes.map { $0.plain(Self.nameLimit) })
    }
    return result
  }
}
