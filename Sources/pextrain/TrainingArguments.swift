import ArgumentParser
import PexBundle
import PexConsole
import PexData
import PexHeads
import PexRuntime
import PexTensor
import PexTraining

/// How heads are trained, as the command line says it.
struct TrainingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "labels, pseudo (labels by the original classifier), distil (its logits) or mixed. Default: what the data allows.",
      valueName: "kind"))
  var supervision: Supervision?

  @Option(help: "The temperature at which heads are compared with the original classifier.") var temperature: Float = 2
  @Option(help: "The original classifier's part where there is a label too, 0 to 1.") var mix: Float = 0.5

  @Option(help: ArgumentHelp("Go on from earlier heads.", valueName: "file.pexhead")) var from: String?

  @Option(help: ArgumentHelp("Exit points to train heads at. Default: the bundle's exits.", valueName: "3,6"))
  var exits: String?

  @Option(
    help: ArgumentHelp(
      "Kind of head for this training: linear, multitap, conv, prototype or branch. Default: each exit's.",
      valueName: "kind"))
  var head: HeadKind?

  @Option(
    help: ArgumentHelp(
      "How pictures are changed while branches of base heads are trained: shift, mirror (for what may be mirrored), both, or "
        + "none.", valueName: "shift,mirror"))
  var augment = Augmentation()

  @Option(help: "Passes over the samples at most. Default: from the number of samples.") var epochs: Int?
  @Option(help: "Samples a step. Default: from the number of samples.") var batch: Int?
  @Option(help: "Length of the first step. Default: from the optimizer.") var lr: Double?
  @Option(help: "sgd or adam.") var optimizer = TrainingOptions.Optimizer.adam

  @Option(help: "Pull towards the initial weights. Default: chosen on held-out samples.") var weightDecay: Double?
  @Option(help: "Decides every random choice.") var seed: UInt64 = 0
  @Option(help: "Share of the samples that is held out, 0 to 0.5.") var validation = 0.2

  @Option(
    help: ArgumentHelp(
      "Classes the heads tell apart: names, all, estimate (from the original classifier's answers), own (folders that are "
        + "named like no class of the model), known+own, or all+own (all of the model's and the own ones). Default: the "
        + "labels' classes, else estimate.", valueName: "list"))
  var classes: String?

  @OptionGroup var map: ClassMap

  @Option(
    help: ArgumentHelp(
      "Keep features in files there: the next training runs the trunk only for samples that they lack.",
      valueName: "folder"))
  var cache: String?
  @Option(
    help: ArgumentHelp(
      "Mebibytes of memory that features may take. Default: a quarter of the machine's.", valueName: "mb"))
  var memory: Int?

  @Option(
    help: ArgumentHelp(
      "Choose the cheapest exit policy of this accuracy (without labels: agreement with the original classifier), 0 to 1.",
      valueName: "share"))
  var targetAccuracy: Double?
  @Option(help: "How sure the held-out samples must be of that accuracy, between 0 and 1.") var confidence = 0.9

  @Option(
    help: ArgumentHelp(
      "Choose the most accurate exit policy of this mean share of the whole network's time (of its MACs with --cost macs).",
      valueName: "share"))
  var targetCost: Double?

  @Option(
    help: ArgumentHelp(
      "Choose the most accurate exit policy of this mean time on this machine: 3ms, 250us, 1.5s.", valueName: "time"))
  var targetLatency: Latency?

  @Option(
    help: ArgumentHelp(
      "What policies are chosen by: time, as measured on this machine with one thread a core and kept in the user's cache folder; "
        + "or macs, which are the same on every machine.", valueName: "time|macs"))
  var cost = CostUnit.time

  @Option(
    help: ArgumentHelp(
      "Choose the cheapest exit policy whose error rate on new samples is at most this (without labels: disagreement with "
        + "the original classifier), or refuse.", valueName: "share"))
  var risk: Double?

  /// What the exit policy is chosen for.
  private func goal() throws -> PolicyGoal? {
    let goals = [
      targetAccuracy.map { PolicyGoal.accuracy($0, confidence: confidence) }, targetCost.map(PolicyGoal.cost),
      targetLatency.map { PolicyGoal.latency(milliseconds: $0.milliseconds) }, risk.map(PolicyGoal.risk),
    ].compactMap { $0 }
    guard goals.count <= 1 else {
      throw PexError(
        .usage, "--target-accuracy, --target-cost, --target-latency and --risk are \(goals.count) goals: give one")
    }
    guard targetLatency == nil || cost == .time else {
      throw PexError(.usage, "--target-latency needs times: it does not go with --cost macs")
    }
    try goals.first?.validate()
    return goals.first
  }

  func options() throws -> TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs
    options.batch = batch
    options.learningRate = lr
    options.optimizer = optimizer
    options.weightDecay = weightDecay
    options.seed = seed
    options.validation = validation
    try options.validate()
    _ = try goal()
    guard temperature > 0, temperature <= 100 else {
      throw PexError(.usage, "--temperature \(temperature): expected a number above 0, at most 100")
    }
    guard (0...1).contains(mix) else { throw PexError(.usage, "--mix \(mix): expected 0 to 1") }
    return options
  }

  /// Where features are kept.
  private func storage() throws -> FeatureStorage {
    var storage = FeatureStorage(folder: cache)
    guard cache != "-", cache != "" else { throw PexError(.usage, "--cache \(cache ?? ""): expected a folder") }
    if let memory {
      guard (1...1 << 40).contains(memory) else {
        throw PexError(.usage, "--memory \(memory): expected a number of mebibytes, at least 1")
      }
      storage.memory = memory << 20
    }
    return storage
  }

  /// The heads to go on from.
  func earlier(_ model: Model) throws -> HeadSet? {
    try from.map { path in
      let file = try HeadFile(path: path)
      return try naming(path) { try HeadSet(file, on: model.bundle) }
    }
  }

  /// How folders are taken that are named like no class of the model.
  func ownClasses(_ contents: BundleContents, _ earlier: HeadSet?) throws -> OwnClasses {
    let known = Set(contents.classNames ?? [])
    return OwnClasses(
      names: (earlier?.classes ?? []).filter { !known.contains($0) }, renames: try map.renames(),
      areMeant: meansOwnClasses)
  }

  /// Whether classes are asked for that are none of a model's without names.
  private var meansOwnClasses: Bool {
    guard let classes, classes != "estimate", classes != "all" else { return false }
    return classes.split(separator: ",").contains { Int($0) == nil }
  }

  /// - Parameter classNames: of all classes that labels speak of, the model's first.
  func request(_ model: Model, _ earlier: HeadSet?, classNames: [String]) throws -> PersonalTraining.Request {
    var request = PersonalTraining.Request()
    request.kind = head
    request.policyGoal = try goal()
    request.supervision = supervision
    request.storage = try storage()
    (request.temperature, request.mix) = (temperature, mix)
    request.augmentation = augment
    request.exits = try exits.map { text in
      let numbers = try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
        guard let exit = Int(word) else { throw PexError(.usage, "--exits \(text): '\(word)' is no exit number") }
        return exit
      }
      guard Set(numbers).count == numbers.count else {
        throw PexError(.usage, "--exits \(text): an exit is named twice")
      }
      return numbers
    }
    request.estimatesClasses = classes == "estimate"
    request.earlier = earlier
    request.classNames = classNames
    switch classes {
    case nil, "estimate", "known+own": break
    case "own": request.ownClasses = .alone
    case "all+own": request.ownClasses = .besideAll
    case let list?: request.classes = try classNumbers(list, classNames)
    }
    return request
  }

  private func classNumbers(_ text: String, _ names: [String]) throws -> [Int] {
    guard !names.isEmpty else {
      throw PexError(.usage, "--classes: the bundle has neither a classifier nor labels")
    }
    if text == "all" { return Array(names.indices) }
    // A name may have commas of its own: the longest that is known counts.
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var (numbers, next) = ([Int](), 0)
    while next < words.count {
      let found = (next + 1...words.count).reversed().lazy.compactMap { end in
        names.firstIndex(of: words[next..<end].joined(separator: ",")).map { (number: $0, end: end) }
      }.first
      guard let found else {
        let known = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
        throw PexError(.usage, "--classes: there is no class '\(words[next])'", hint: "classes: \(known)")
      }
      numbers.append(found.number)
      next = found.end
    }
    guard Set(numbers).count == numbers.count, numbers.count >= 2 else {
      throw PexError(.usage, "--classes \(text): expected at least two different classes")
    }
    return numbers
  }
}

extension HeadKind: ExpressibleByArgument {}
extension Supervision: ExpressibleByArgument {}
extension TrainingOptions.Optimizer: ExpressibleByArgument {}

extension Augmentation: ExpressibleByArgument {
  /// `shift`, `mirror`, both with a comma between them, or `none`; nil for anything else.
  public init?(argument: String) {
    self = .none
    guard argument != "none" else { return }
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      switch word {
      case "shift": shift = Augmentation().shift
      case "mirror": mirrors = true
      default: return nil
      }
    }
  }
}
