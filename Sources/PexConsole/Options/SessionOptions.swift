import ArgumentParser
import PexBundle
import PexRuntime
import PexTensor

/// Which bundle is run, with which heads and on how many threads.
public struct SessionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The bundle.", valueName: "bundle.pex")) public var bundle: String

  @Option(help: ArgumentHelp("Personal heads to use instead of the base heads.", valueName: "file.pexhead"))
  public var heads: String?

  @Option(
    help: ArgumentHelp(
      "How often each class occurs, as in cat=3,dog=1 (classes that are not named never do), or none. Default: what is "
        + "stored with the heads.", valueName: "list"))
  var prior: String?

  @Option(help: "Threads. Default: one a core.") var threads: Int?

  /// Options as the command line gives them.
  public init() {}

  /// Opens bundle and heads.
  /// - Throws: ``PexError``: (unreadable) or (malformed) for the files, (refused) when the heads belong to another trunk,
  ///   (usage) for a number of threads that is out of range.
  public func open() throws -> Session {
    let model = try Model(try BundleFile(path: bundle))
    let set = try heads.map { path in
      let file = try HeadFile(path: path)
      return try naming(path) { try HeadSet(file, on: model.bundle) }
    }
    let weighed = try prior.map { try weigh(set ?? HeadSet(base: model.bundle), $0) }
    return try Session(model, heads: weighed ?? set, threads: threads ?? ThreadPool.defaultThreads)
  }

  private func weigh(_ heads: HeadSet, _ prior: String) throws -> HeadSet {
    guard prior != "none", let classes = heads.classes else { return try heads.weighed(by: nil) }
    var weights = [Float](repeating: 0, count: classes.count)
    for item in prior.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let weight = Float(parts[1]), weight >= 0, weight.isFinite else {
        throw PexError(.usage, "--prior: '\(item)': expected a class and a number of at least 0, as in cat=3")
      }
      guard let place = classes.firstIndex(of: String(parts[0])) else {
        let known = classes.prefix(12).joined(separator: ", ") + (classes.count > 12 ? ", …" : "")
        throw PexError(.usage, "--prior: there is no class '\(parts[0])'", hint: "classes: \(known)")
      }
      weights[place] = weight
    }
    return try naming("--prior") { try heads.weighed(by: weights) }
  }
}
