extension BundleContents {
  /// The names of the classifier's classes: the labels, or their numbers when nobody named them; nil without a classifier
  /// and without labels.
  public var classNames: [String]? {
    labels ?? trunk.classCount.map { (0..<$0).map(String.init) }
  }
}
