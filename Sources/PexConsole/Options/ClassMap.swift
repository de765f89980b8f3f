import ArgumentParser
import PexBundle
import PexTensor

/// Which classes folders stand for that are named otherwise.
public struct ClassMap: ParsableArguments {
  @Option(
    help: ArgumentHelp("The class that a folder stands for: --map mug=coffee_mug.", valueName: "folder=class"))
  var map: [String] = []

  /// Options as the command line gives them.
  public init() {}

  /// The classes by the folders' names.
  /// - Throws: ``PexError`` (usage) for what is no folder and a class's name, and for a folder with two classes.
  public func renames() throws -> [String: String] {
    var renames: [String: String] = [:]
    for text in map {
      guard let place = text.firstIndex(of: "="), place != text.startIndex else {
        throw PexError(.usage, "--map \(text): expected FOLDER=CLASS, as in mug=coffee_mug")
      }
      let (folder, name) = (String(text[..<place]), String(text[text.index(after: place)...]))
      guard !name.isEmpty, renames.updateValue(name, forKey: folder) == nil else {
        throw PexError(.usage, "--map \(text): expected one class for '\(folder)'")
      }
      guard !name.hasControlCharacters, name.utf8.count <= BundleLimits.labelBytes else {
        let most = BundleLimits.labelBytes
        throw PexError(
          .usage, "--map \(text): expected a class's name of at most \(most) bytes, without control characters")
      }
    }
    return renames
  }
}
