import ArgumentParser
import PexBundle
import PexRuntime
import PexTensor

/// Which bundle is run, with which heads and on how many threads.
public struct SessionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The bundle.", valueName: "bundle.pex")) public var bundle: String

  /// Head files in their order.
  @Option(
    help: ArgumentHelp(
      "Personal heads to use instead of the base heads. Given several times, pexeval measures each, pexrun takes the last.",
      valueName: "file.pexhead"))
  public var heads: [String] = []

  @Option(
    help: ArgumentHelp(
      "How often each class occurs, as in cat=3,dog=1 (classes that are not named never do), or none. Default: what is "
        + "stored with the heads.", valueName: "list"))
  var prior: String?

  @Option(help: "Threads. Default: one a core.") var threads: Int?

  /// Options as the command line gives them.
  public init() {}

  /// Opens the bundle, and the last head file if there is one.
  /// - Throws: ``PexError``: (unreadable) or (malformed) for the files, (refused) when the heads belong to another trunk,
  ///   (usage) for a number of threads that is out of range.
  public func open() throws -> Session {
    let model = try Model(try BundleFile(path: bundle))
    let set = try heads.last.map { try self.set($0, on: model) }
    let weighed = try prior.map { try weigh(set ?? HeadSet(base: model.bundle), $0) }
    return try Session(model, heads: weighed ?? set, threads: threads ?? ThreadPool.defaultThreads)
  }

  /// Opens the bundle and every head file, each with the prior that was asked for.
  /// - Returns: a session with the base heads, without any prior; the heads of each file, in their order.
  /// - Throws: ``PexError`` as ``open()``.
  public func openAll() throws -> (session: Session, sets: [HeadSet]) {
    let model = try Model(try BundleFile(path: bundle))
    let sets = try heads.map { path in
      let set = try self.set(path, on: model)
      return try prior.map { try weigh(set, $0) } ?? set
    }
    return (try Session(model, threads: threads ?? ThreadPool.defaultThreads), sets)
  }

  /// Base heads with the prior that was asked for.
  /// - Throws: ``PexError`` as ``open()``.
  public func weighed(_ base: HeadSet) throws -> HeadSet { try prior.map { try weigh(base, $0) } ?? base }

  private func set(_ path: String, on model: Model) throws -> HeadSet {
    let file = try HeadFile(path: path)
    return try naming(path) { try HeadSet(file, on: model.bundle) }
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
