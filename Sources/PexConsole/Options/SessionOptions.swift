import ArgumentParser
import PexBundle
import PexRuntime
import PexTensor

/// Which bundle is run, with which heads and on how many threads.
public struct SessionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The bundle.", valueName: "bundle.pex")) public var bundle: String

  @Option(help: ArgumentHelp("Personal heads to use instead of the base heads.", valueName: "file.pexhead"))
  var heads: String?

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
    return try Session(model, heads: set, threads: threads ?? ThreadPool.defaultThreads)
  }
}
