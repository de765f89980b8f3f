import PexGraph

/// Layers that do nothing when a model answers: regularisation and random augmentation.
enum IdentityLayers {
  static let rows: [LayerRow] = names.map { name in
    LayerRow(
      name, trains: !["ActivityRegularization", "Identity"].contains(name), numbers: .kept,
      arguments: ArgumentRules(areInert: true)
    ) { try $0.input() }
  }

  /// Whether a class changes pictures by chance.
  static func augments(_ className: String) -> Bool {
    className.hasPrefix("Random") || ["AugMix", "CutMix", "MixUp", "RandAugment"].contains(className)
  }

  private static let names = [
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
    "GaussianNoise", "ActivityRegularization", "Identity", "StochasticDepth", "RandomFlip", "RandomRotation",
    "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomHeight",
    "RandomWidth", "RandomSaturation", "RandomHue", "RandomSharpness", "RandomGrayscale", "RandomColorJitter",
    "RandomColorDegeneration", "RandomPosterization", "RandomInvert", "RandomShear", "RandomPerspective",
    "RandomErasing", "RandomGaussianBlur", "RandomElasticTransform", "RandomApply", "AugMix",
    "CutMix", "MixUp", "RandAugment",
  ]
}
