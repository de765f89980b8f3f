/// Settings of Keras 1 in the words that Keras has used since.
enum Keras1Settings {
  private static let classes = [
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D", "Deconvolution2D": "Conv2DTranspose",
  ]
  private static let keys = [
    "nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "subsample_length": "strides",
    "dim_ordering": "data_format", "bias": "use_bias", "output_dim": "units", "atrous_rate": "dilation_rate",
    "filter_length": "kernel_size", "pool_length": "pool_size", "stride": "strides", "length": "size", "p": "rate",
  ]

  /// Parts of settings that are one since, and what says how a layer is built and not what it computes.
  private static let parts: Set<String> = [
    "nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3", "dot_axes", "concat_axis",
  ]

  /// What a Merge layer has for functions of one's own.
  private static let mergeOnly = [
    "mode", "mode_type", "output_shape", "output_shape_type", "output_mask", "output_mask_type", "arguments",
    "node_indices", "tensor_indices", "layers",
  ]

  /// - Parameter className: becomes what the class is called since Keras 2.
  static func translated(_ className: inout String, _ old: [String: ConfigValue]) -> [String: ConfigValue] {
    var settings: [String: ConfigValue] = [:]
    for (key, value) in old where !parts.contains(key) { settings[keys[key] ?? key] = value }
    if let rows = old["nb_row"], let columns = old["nb_col"] { settings["kernel_size"] = .list([rows, columns]) }
    if let first = old["kernel_dim1"], let second = old["kernel_dim2"], let third = old["kernel_dim3"] {
      settings["kernel_size"] = .list([first, second, third])
    }
    switch settings["data_format"]?.text {
    case "tf": settings["data_format"] = .text("channels_last")
    case "th": settings["data_format"] = .text("channels_first")
    default: break
    }
    if className == "Merge" {
      className = merge(old["mode"]?.text ?? "", old, &settings)
      for key in mergeOnly { settings[key] = nil }
    }
    className = classes[className] ?? className
    return settings
  }

  private static func merge(
    _ mode: String, _ old: [String: ConfigValue], _ settings: inout [String: ConfigValue]
  ) -> String {
    switch mode {
    case "sum": return "Add"
    case "mul": return "Multiply"
    case "ave": return "Average"
    case "max": return "Maximum"
    case "dot":
      settings["axes"] = old["dot_axes"]
      return "Dot"
    case "concat":
      settings["axis"] = old["concat_axis"]
      return "Concatenate"
    default: return "Merge"
    }
  }
}
