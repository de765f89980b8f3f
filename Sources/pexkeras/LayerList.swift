import PexKeras

/// What can be read of Keras: what `pexkeras --layers` prints.
struct LayerList {
  /// SUPPORTED-KERAS-LAYERS.md, which a test holds against this.
  var markdown: [String] {
    let layers = KerasImporter.supportedLayers
    return [
      "# Keras layers that pex reads", "",
      "`make ops` writes this file from the importer's own table, as `pexkeras --layers` prints it: \(layers.count) classes,",
      "of Keras 1.2, 2 and 3, channels last or first. Regularisation and random augmentation do nothing when a model",
      "answers. Lambda layers and custom classes hold Python code, which is never executed: they are refused by name. So is",
      "every argument that is neither read nor without influence: none is left out in silence.",
      "",
      "| layer | limits |", "| --- | --- |",
    ]
      + layers.map { layer in "| \(layer.className) |\(layer.limit.map { " \($0)" } ?? "") |" }
      + [
        "", "## Activations", "",
        "By name, as a layer or as a setting; layers without weights can stand in their place.", "",
        KerasImporter.supportedActivations.joined(separator: ", "),
        "", "## Functions", "",
        "Of `keras.ops` and of TensorFlow in networks of Keras 2 (`x + y`, `tf.nn.relu(x)`), without capitals and underscores.",
        "", KerasImporter.supportedFunctions.joined(separator: ", "),
      ]
  }
}
