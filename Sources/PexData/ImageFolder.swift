import Foundation
import PexTensor

/// The samples in a folder: `FOLDER/CLASS/FILE`, or a flat `FOLDER/FILE` without classes.
///
/// A sample is a regular file, or a link to one, that ends in `.png`, `.jpg`, `.jpeg` or `.npy` in any case. Hidden
/// entries, other files, and folders within class folders are ignored.
public struct ImageFolder: Sendable {
  /// The folder, as given.
  public let path: String
  /// The names of the class folders, sorted by their bytes; empty when the folder is flat.
  public let classes: [String]
  /// The samples, class by class, sorted by the bytes of their names; labels index ``classes``.
  public let samples: [LabelledSample]

  private static let suffixes = [".png", ".jpg", ".jpeg", ".npy"]

  /// Lists the folder. Class folders without samples count as classes.
  /// - Throws: ``PexError`` (unreadable) when the folder cannot be listed; (malformed) when it holds no samples, or
  ///   samples both beside and in class folders.
  public init(path: String) throws {
    self.path = path
    let entries = try Self.entries(of: path)
    let folders = entries.filter(\.isFolder)
    let loose = entries.filter(\.isSample).map { LabelledSample(path: $0.path, label: nil) }
    let classed = try folders.enumerated().flatMap { label, folder in
      try Self.entries(of: folder.path).filter(\.isSample).map { LabelledSample(path: $0.path, label: label) }
    }
    guard loose.isEmpty || classed.isEmpty else {
      throw PexError(.malformed, "\(path): \(loose.count) samples lie beside the class folders, expected none")
    }
    samples = loose.isEmpty ? classed : loose
    classes = classed.isEmpty ? [] : folders.map(\.name)
    guard !samples.isEmpty else {
      throw PexError(.malformed, "\(path): no samples (\(Self.suffixes.joined(separator: ", "))) in the folder")
    }
  }

  private struct Entry {
    var name: String
    var path: String
    var type: FileAttributeType?

    var isFolder: Bool { type == .typeDirectory }
    var isSample: Bool {
      let name = name.lowercased()
      return type == .typeRegular && ImageFolder.suffixes.contains { name.hasSuffix($0) }
    }
  }

  /// What the folder holds, without hidden things, in the order of the names' bytes.
  private static func entries(of folder: String) throws -> [Entry] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw PexError(.unreadable, "\(folder): the folder cannot be listed")
    }
    // Swift orders strings by Unicode; bytes give the same order to every program in every language.
    return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      // The attributes of a link are the link's own.
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let attributes = try? FileManager.default.attributesOfItem(atPath: target)
      return Entry(name: name, path: path, type: attributes?[.type] as? FileAttributeType)
    }
  }
}
