import ArgumentParser
import PexExits
import PexHeads
import PexTensor

/// Where exits stand and what their heads are.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where exits stand: numbers (3,6,9), shares of the work (25%,50%,75%), auto:N, value names, or none.",
      discussion:
        "The last exit point always gets a place for a personal head, unless this is none. Default: auto:3; a bundle's own.",
      valueName: "spec"))
  var exits: String?

  @Flag(help: "Print the exit points and stop.") var listExits = false

  @Option(
    help: ArgumentHelp(
      "Kind of head: linear, multitap, conv, branch or prototype; per exit: 3=conv,6=linear.", valueName: "kind"))
  var head: String?

  @Option(help: ArgumentHelp("Train the base heads now, on a folder of labelled images.", valueName: "folder"))
  var trainHeads: String?

  @Option(
    help: ArgumentHelp(
      "Store how the model answers these pictures, which should have trained nothing and need no labels: it tells later "
        + "whether somebody's pictures are like those that the model was made for.", valueName: "folder|file.npz"))
  var calibrate: String?

  func request() throws -> ExitRequest? { try exits.map(ExitRequest.init) }

  /// The kind for all exits, where one was asked for, and the kinds of single ones.
  func kinds() throws -> (HeadKind?, [Int: HeadKind]) {
    guard let head else { return (nil, [:]) }
    let known = HeadKind.allCases.map(\.rawValue).joined(separator: "|")
    if let kind = HeadKind(rawValue: head) { return (kind, [:]) }
    var kinds: [Int: HeadKind] = [:]
    for word in head.split(separator: ",") {
      let parts = word.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let exit = Int(parts[0]), let kind = HeadKind(rawValue: String(parts[1])) else {
        throw PexError(.usage, "--head \(word): expected \(known), or EXIT=KIND as in 3=conv")
      }
      guard kinds.updateValue(kind, forKey: exit) == nil else {
        throw PexError(.usage, "--head names exit \(exit) twice")
      }
    }
    return (nil, kinds)
  }
}
