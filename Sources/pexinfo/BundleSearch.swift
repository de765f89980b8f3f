import Foundation
import PexBundle
import PexConsole
import PexTensor

/// Looks for the bundles that a head file fits.
struct BundleSearch {
  /// More files than this are no folder of models.
  private static let mostFiles = 100_000

  /// A bundle and why the heads do not fit it; nil: they do.
  struct Found {
    let path: String
    let refusal: PexError?
  }

  /// Every bundle below the place, those that fit first.
  private(set) var found: [Found] = []
  /// Files that look like bundles and cannot be read.
  private(set) var unreadable: [PexError] = []

  /// - Parameter place: a folder, which is looked through to its depths, or a bundle.
  /// - Throws: ``PexError``: (unreadable) when there is no such place, (usage) when it holds too many files.
  init(_ file: HeadFile, below place: String) throws {
    for path in try Self.files(below: place) where (try? BundleReader.kind(ofFileAt: path)) == .bundle {
      do {
        let bundle = try BundleFile(path: path)
        do {
          _ = try bundle.match(file)
          found.append(Found(path: path, refusal: nil))
        } catch let error as PexError where error.kind == .refused {
          found.append(Found(path: path, refusal: error))
        }
      } catch let error as PexError {
        unreadable.append(error)
      }
    }
    found.sort { ($0.refusal == nil ? 0 : 1, $0.path) < ($1.refusal == nil ? 0 : 1, $1.path) }
  }

  private static func files(below place: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else {
      throw PexError(.unreadable, "\(place): there is no such file or folder")
    }
    guard isFolder.boolValue else { return [place] }
    guard let walk = FileManager.default.enumerator(atPath: place) else {
      throw PexError(.unreadable, "\(place): cannot be read")
    }
    var files: [String] = []
    for case let name as String in walk where walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
      guard files.count < mostFiles else {
        throw PexError(.usage, "--for \(place): holds more than \(mostFiles) files", hint: "name a smaller folder")
      }
      files.append((place as NSString).appendingPathComponent(name))
    }
    return files
  }

  var lines: [String] {
    found.map { item in
      guard let refusal = item.refusal else { return "fits \(item.path)" }
      return "does not fit \(item.path): \(refusal.message)"
    }
  }

  var json: JSON {
    .array(
      found.map {
        .members([
          "bundle": .string($0.path), "fits": .bool($0.refusal == nil),
          "reason": .optional($0.refusal, { .string($0.message) }),
        ])
      })
  }

  /// Says so where nothing fits.
  /// - Throws: ``PexError`` (refused).
  func check(_ file: HeadFile, below place: String) throws {
    guard !found.contains(where: { $0.refusal == nil }) else { return }
    let base = file.origin.map(\.base).flatMap { $0.isEmpty ? nil : "; the heads were trained on \($0)" } ?? ""
    let bundles = found.count == 1 ? "the bundle" : "none of \(found.count) bundles"
    throw PexError(
      .refused,
      found.isEmpty
        ? "there is no bundle in \(place)\(base)"
        : "\(bundles) in \(place) \(found.count == 1 ? "does not fit" : "fits")\(base)",
      hint: "look for the bundle whose trunk has the digest \(file.trunkDigest.map { "\($0)".prefix(16) } ?? "?")…")
  }
}
