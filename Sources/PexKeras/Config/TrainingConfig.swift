import PexGraph

/// How a model was compiled, as far as it says what the outputs are.
enum TrainingConfig {
  /// What the loss says of the output's numbers; nil when it says nothing that the network does not.
  static func outputKind(_ config: ConfigValue?) -> OutputKind? {
    guard let name = lossName(config?["loss"])?.lowercased().filter({ $0 != "_" }) else { return nil }
    // Losses of classes that exclude each other leave it to the network: it ends in a softmax or not.
    if name.contains("categoricalcrossentropy") || name.contains("categoricalfocal") || name.contains("kldivergence") {
      return nil
    }
    let others = [
      "binary", "meansquared", "meanabsolute", "mse", "mae", "huber", "poisson", "cosine", "hinge", "logcosh",
    ]
    return others.contains { name.contains($0) } ? OutputKind.none : nil
  }

  /// Whether the loss tells two classes apart, or as many labels as there are outputs.
  static func isBinary(_ config: ConfigValue?) -> Bool {
    lossName(config?["loss"])?.lowercased().contains("binary") ?? false
  }

  private static func lossName(_ loss: ConfigValue?) -> String? {
    guard let loss else { return nil }
    if let list = loss.list { return list.count == 1 ? lossName(list[0]) : nil }
    return loss.text ?? loss["class_name"]?.text.map { $0 == "function" ? loss["config"]?.text ?? $0 : $0 }
  }
}
