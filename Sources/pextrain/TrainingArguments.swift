import ArgumentParser
import PexBundle
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
      "Classes the heads tell apart: names, all, or estimate (from the original classifier's answers). Default: the "
        + "labels' classes, else estimate.", valueName: "list"))
  var classes: String?

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
    help: ArgumentHelp("Choose the most accurate exit policy of this mean share of MACs.", valueName: "share"))
  var targetCost: Double?

  @Option(
    help: ArgumentHelp(
      "Choose the cheapest exit policy whose error rate on new samples is at most this (without labels: disagreement with "
        + "the original classifier), or refuse.", valueName: "share"))
  var risk: Double?

  /// What the exit policy is chosen for.
  private func goal() throws -> PolicyGoal {
    let goals = [
      targetAccuracy.map { PolicyGoal.accuracy($0, confidence: confidence) }, targetCost.map(PolicyGoal.cost),
      risk.map(PolicyGoal.risk),
    ].compactMap { $0 }
    guard goals.count <= 1 else {
      throw PexError(.usage, "--target-accuracy, --target-cost and --risk are \(goals.count) goals: give one")
    }
    let goal = goals.first ?? .nearBest
    try goal.validate()
    return goal
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

  func request(_ model: Model) throws -> PersonalTraining.Request {
    var request = PersonalTraining.Request()
    request.kind = head
    request.goal = try goal()
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
    if let classes, !request.estimatesClasses { request.classes = try classNumbers(classes, model.bundle.contents) }
    request.earlier = try from.map { path in
      let file = try HeadFile(path: path)
      return try naming(path) { try HeadSet(file, on: model.bundle) }
    }
    return request
  }

  private func classNumbers(_ text: String, _ contents: BundleContents) throws -> [Int] {
    guard let names = contents.classNames else {
      throw PexError(.usage, "--classes: the bundle has neither a classifier nor labels")
    }
    if text == "all" { return Array(names.indices) }
    let numbers = try text.split(separator: ",").map { word in
      guard let number = names.firstIndex(of: String(word)) else {
        let known = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
        throw PexError(.usage, "--classes: there is no class '\(word)'", hint: "classes: \(known)")
      }
      return number
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
